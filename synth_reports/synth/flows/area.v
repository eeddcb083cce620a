// Adders and subtractors, for `techmap -map flow.v`: carries ripple. Yosys' own mapping builds a
// prefix tree, which ABC folds back only in part.
(* techmap_celltype = "$alu" *)
module ripple (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0;
  parameter B_SIGNED = 0;
  parameter A_WIDTH = 1;
  parameter B_WIDTH = 1;
  parameter Y_WIDTH = 1;
  (* force_downto *) input [A_WIDTH-1:0] A;
  (* force_downto *) input [B_WIDTH-1:0] B;
  input CI, BI;
  (* force_downto *) output [Y_WIDTH-1:0] X, Y, CO;

  (* force_downto *) wire [Y_WIDTH-1:0] a, b;
  \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_a (.A(A), .Y(a));
  \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) extend_b (.A(B), .Y(b));

  (* force_downto *) wire [Y_WIDTH-1:0] addend = b ^ {Y_WIDTH{BI}};
  (* force_downto *) wire [Y_WIDTH:0] carry;
  assign X = a ^ addend;
  assign carry[0] = CI;
  assign carry[Y_WIDTH:1] = (a & addend) | (X & carry[Y_WIDTH-1:0]);
  assign Y = X ^ carry[Y_WIDTH-1:0];
  assign CO = carry[Y_WIDTH:1];
endmodule
