// What cells of an ECP5 do, for `techmap -map ecp5.v`. A cell that is not here is not proved.
// Ref: Lattice ECP5 and ECP5-5G Family Data Sheet, FPGA-DS-02012, 2.2: slices; Yosys,
// techlibs/ecp5/cells_sim.v, to which these are proved equal by the tests
module LUT4 (output Z, input A, B, C, D);
  parameter [15:0] INIT = 0;
  \$lut #(.WIDTH(4), .LUT(INIT)) table_ (.A({D, C, B, A}), .Y(Z));
endmodule

module PFUMX (output Z, input ALUT, BLUT, C0);
  assign Z = C0 ? ALUT : BLUT;
endmodule

module L6MUX21 (output Z, input D0, D1, SD);
  assign Z = SD ? D1 : D0;
endmodule

// Each half adds a table of four inputs and a carry; where the table is 0 the carry that goes on is
// a table of two inputs, the low quarter of it. An injected half has neither carry nor that table.
module CCU2C (output S0, S1, COUT, input CIN, A0, B0, C0, D0, A1, B1, C1, D1);
  parameter [15:0] INIT0 = 0, INIT1 = 0;
  parameter INJECT1_0 = "YES", INJECT1_1 = "YES";
  wire whole0, whole1, low0, low1;
  \$lut #(.WIDTH(4), .LUT(INIT0)) table0 (.A({D0, C0, B0, A0}), .Y(whole0));
  \$lut #(.WIDTH(4), .LUT(INIT1)) table1 (.A({D1, C1, B1, A1}), .Y(whole1));
  \$lut #(.WIDTH(2), .LUT(INIT0[3:0])) generate0 (.A({B0, A0}), .Y(low0));
  \$lut #(.WIDTH(2), .LUT(INIT1[3:0])) generate1 (.A({B1, A1}), .Y(low1));
  wire carry = whole0 ? CIN : low0 & INJECT1_0 != "YES";
  assign S0 = whole0 ^ (CIN & INJECT1_0 != "YES");
  assign S1 = whole1 ^ (carry & INJECT1_1 != "YES");
  assign COUT = whole1 ? carry : low1 & INJECT1_1 != "YES";
endmodule

// Of the flip-flops those with the rising edge of the clock and a synchronous reset.
module TRELLIS_FF (output Q, input CLK, LSR, CE, DI);
  parameter GSR = "AUTO", CEMUX = "1", CLKMUX = "CLK", LSRMUX = "LSR", SRMODE = "LSR_OVER_CE";
  parameter REGSET = "RESET";
  wire _TECHMAP_FAIL_ = CLKMUX != "CLK" || LSRMUX != "LSR" || SRMODE != "LSR_OVER_CE";
  wire enable = CEMUX == "1" ? 1'b1 : CEMUX == "INV" ? ~CE : CE;
  generate
    if (REGSET == "SET")
      \$_SDFFE_PP1P_ _TECHMAP_REPLACE_ (.C(CLK), .E(enable), .R(LSR), .D(DI), .Q(Q));
    else
      \$_SDFFE_PP0P_ _TECHMAP_REPLACE_ (.C(CLK), .E(enable), .R(LSR), .D(DI), .Q(Q));
  endgenerate
endmodule
