// Why: the functions of an instruction set, gathered. The last generic file of a kernel file.

inline int TileTokens(const ActFormat&, int64_t) { return kMaxTile; }

inline KernelTable MakeTable() {
  KernelTable table;
  table.tile_tokens = TileTokens;
  table.act_format = ActFormatFor;
  table.put_activation = PutActivation;
  table.multiply = Multiply;
  table.rms_norm = RmsNormRow;
  table.layer_norm = LayerNormRow;
  table.l2_norm = L2NormRow;
  table.add = AddRow;
  table.add_scaled = AddScaledRow;
  table.scale = ScaleRow;
  table.multiply_each = MultiplyEach;
  table.activate[static_cast<int>(Activation::kSilu)] = ActivateRow<Silu>;
  table.activate[static_cast<int>(Activation::kGelu)] = ActivateRow<Gelu>;
  table.activate[static_cast<int>(Activation::kGeluErf)] = ActivateRow<GeluErf>;
  table.activate[static_cast<int>(Activation::kSigmoid)] = ActivateRow<Sigmoid>;
  table.activate[static_cast<int>(Activation::kTanh)] = ActivateRow<Tanh>;
  table.clamped_swiglu = ClampedSwigluRow;
  table.soft_cap = SoftCapRow;
  table.sum_rows = SumRows;
  table.delta_rule = RunDeltaRule;
  table.exp = ExpRow;
  table.to_half = ToHalf;
  table.max = MaxOf;
  table.sum_exp = SumExp;
  table.rope_pairs = RopePairs;
  table.rope_halves = RopeHalves;
  table.attend = AttendPart;
  table.join_attended = JoinPart;
  table.bf16_pairs = HasBf16Dot();
  table.put_key = PutKey;
  table.put_value = PutValue;
  return table;
}
