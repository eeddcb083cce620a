"""What Verilog leaves undefined and Yosys' formulas do not: bits that are read beyond a vector."""

__all__ = ["PARTIAL"]

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
"""For Yosys' pass ``techmap``: such a bit is x, which may then be anything."""
