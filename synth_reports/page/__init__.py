"""The page that one looks at: points, findings, data sheets, and the text around them."""
