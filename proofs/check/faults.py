"""What Yosys says of a text that it cannot read, in words of that text, and what it leaves open."""

import re

__all__ = ["PARTIAL", "edges", "plain"]

PARTIAL = """
(* techmap_celltype = "$shiftx" *)
module beyond(A, B, Y);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire signed [B_WIDTH+33:0] first = {{34{B_SIGNED ? B[B_WIDTH-1] : 1'b0}}, B};
  wire [A_WIDTH+Y_WIDTH-1:0] read = first < 0 ? A << -first : A >> first;
  genvar i;
  generate for (i = 0; i < Y_WIDTH; i = i + 1) begin
    assign Y[i] = first + i >= 0 && first + i < A_WIDTH ? read[i] : 1'bx;
  end endgenerate
endmodule
"""
"""For Yosys' pass ``techmap``: a bit beyond a vector is x in Verilog, and in formulas anything."""


def edges(rtlil: str, process: str) -> str:
    """Edges that a process waits for."""
    body = re.search(rf"^  process {re.escape(process)}\n(.*?)^  end$", rtlil, re.M | re.S)
    found = re.findall(r"^    sync (pos|neg)edge \\?(.+)", body[1] if body else "", re.M)
    words = {"pos": "rising", "neg": "falling"}
    return " and ".join(f"the {words[edge]} edge of '{net}'" for edge, net in found)


def plain(reason: str) -> str:
    """What Yosys said, without its own names of things."""
    reason = re.sub(r" from \w+ process .*", "", reason)
    return re.sub(r"[`']?\\(\S+?)'", r"'\1'", reason).replace("\\", "").replace("`", "'")
