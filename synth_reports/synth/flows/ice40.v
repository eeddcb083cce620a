// What cells of an iCE40 do, for `techmap -map ice40.v`. A cell that is not here is not proved.
// Ref: Lattice iCE40 LP/HX Family Data Sheet, FPGA-DS-02029, 2.1: logic cells; Yosys,
// techlibs/ice40/cells_sim.v, to which these are proved equal by the tests
module SB_LUT4 (output O, input I0, I1, I2, I3);
  parameter [15:0] LUT_INIT = 0;
  \$lut #(.WIDTH(4), .LUT(LUT_INIT)) table_ (.A({I3, I2, I1, I0}), .Y(O));
endmodule

module SB_CARRY (output CO, input I0, I1, CI);
  assign CO = (I0 & I1) | ((I0 | I1) & CI);
endmodule

module SB_DFF (output Q, input C, D);
  \$_DFF_P_ _TECHMAP_REPLACE_ (.C(C), .D(D), .Q(Q));
endmodule

module SB_DFFE (output Q, input C, E, D);
  \$_DFFE_PP_ _TECHMAP_REPLACE_ (.C(C), .E(E), .D(D), .Q(Q));
endmodule

module SB_DFFSR (output Q, input C, R, D);
  \$_SDFF_PP0_ _TECHMAP_REPLACE_ (.C(C), .R(R), .D(D), .Q(Q));
endmodule

module SB_DFFSS (output Q, input C, S, D);
  \$_SDFF_PP1_ _TECHMAP_REPLACE_ (.C(C), .R(S), .D(D), .Q(Q));
endmodule

module SB_DFFESR (output Q, input C, E, R, D);
  \$_SDFFCE_PP0P_ _TECHMAP_REPLACE_ (.C(C), .E(E), .R(R), .D(D), .Q(Q));
endmodule

module SB_DFFESS (output Q, input C, E, S, D);
  \$_SDFFCE_PP1P_ _TECHMAP_REPLACE_ (.C(C), .E(E), .R(S), .D(D), .Q(Q));
endmodule
