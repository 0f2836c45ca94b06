// Why: the functions of an instruction set, gathered. The last generic file of a kernel file.

inline KernelTable MakeTable() {
  KernelTable table;
  table.max_tile = kMaxTile;
  table.act_format = ActFormatFor;
  table.put_activation = PutActivation;
  table.multiply = Multiply;
  table.rms_norm = RmsNormRow;
  table.add = AddRow;
  table.silu_mul = SiluMulRow;
  table.exp = ExpRow;
  table.to_half = ToHalf;
  table.max = MaxOf;
  table.sum_exp = SumExp;
  table.rope_pairs = RopePairs;
  table.rope_halves = RopeHalves;
  table.attend = Attend;
  return table;
}
