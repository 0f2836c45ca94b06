#!/usr/bin/python3
"""The same training steps by Pioneer and by PyTorch: losses side by side, tokens/s in turns.

  bench/train/compare.py [--bench build/train_bench] [--steps 200] [--turns 3] [--sizes "8 320 ..."]

Both begin with the same weights and take the same batches with the same AdamW. Losses are compared
in float32. Speed: each program takes some steps in float32 and in bfloat16 (PyTorch: autocast) when
it is its turn; the ratio is the median of the turns' ratios. Needs Debian's python3-torch, and
libopenblas0-pthread, without which PyTorch's float32 runs on reference BLAS.
"""
import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

import torch
import torch.nn.functional as F


def read_numbers(path, dtype):
    return torch.from_file(path, size=os.path.getsize(path) // 4, dtype=dtype).clone()


class Llama(torch.nn.Module):
    """GGUF's llama with tied output; adjacent pairs are rotated."""

    def __init__(self, shape, weights):
        super().__init__()
        self.shape = shape
        self.parts = torch.nn.ParameterDict()
        at = 0
        for part in shape["parts"]:
            n = part["rows"] * part["cols"]
            values = weights[at:at + n].clone()
            if part["rows"] > 1:
                values = values.view(part["rows"], part["cols"])
            self.parts[part["name"].replace(".", "_")] = torch.nn.Parameter(values)
            at += n
        positions = torch.arange(shape["context"], dtype=torch.float64)
        lanes = torch.arange(0, shape["head_dim"], 2, dtype=torch.float64)
        angles = positions[:, None] * shape["rope_base"] ** (-lanes / shape["head_dim"])[None, :]
        self.cosines, self.sines = angles.cos().float(), angles.sin().float()
        self.mask = torch.full((shape["context"],) * 2, float("-inf")).triu(1)

    def norm(self, x, name):
        x = x.float()
        rstd = torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.shape["rms_eps"])
        return x * rstd * self.parts[name]

    def heads(self, x, name, rotate):
        shape = self.shape
        x = F.linear(x, self.parts[name])
        x = x.view(x.shape[0], x.shape[1], shape["heads"], shape["head_dim"]).transpose(1, 2)
        if not rotate:
            return x
        even, odd = x[..., 0::2].float(), x[..., 1::2].float()
        pairs = (even * self.cosines - odd * self.sines, even * self.sines + odd * self.cosines)
        return torch.stack(pairs, -1).flatten(-2).to(x.dtype)

    def attention(self, x, block):
        q = self.heads(x, block + "attn_q_weight", True)
        k = self.heads(x, block + "attn_k_weight", True)
        v = self.heads(x, block + "attn_v_weight", False)
        scores = q @ k.transpose(-1, -2) / self.shape["head_dim"] ** 0.5 + self.mask
        mixed = (scores.softmax(-1).to(v.dtype) @ v).transpose(1, 2).flatten(2)
        return F.linear(mixed, self.parts[block + "attn_output_weight"])

    def forward(self, tokens, targets):
        x = self.parts["token_embd_weight"][tokens]
        for layer in range(self.shape["layers"]):
            block = f"blk_{layer}_"
            x = x + self.attention(self.norm(x, block + "attn_norm_weight"), block)
            h = self.norm(x, block + "ffn_norm_weight")
            gate = F.silu(F.linear(h, self.parts[block + "ffn_gate_weight"]))
            up = F.linear(h, self.parts[block + "ffn_up_weight"])
            x = x + F.linear(gate * up, self.parts[block + "ffn_down_weight"])
        logits = F.linear(self.norm(x, "output_norm_weight"), self.parts["token_embd_weight"])
        return F.cross_entropy(logits.float().flatten(0, 1), targets.flatten())


class Torch:
    """PyTorch's side: takes steps and tells losses and seconds."""

    def __init__(self, folder):
        with open(os.path.join(folder, "shape.json")) as file:
            self.shape = shape = json.load(file)
        self.weights = read_numbers(os.path.join(folder, "weights.f32"), torch.float32)
        tokens = read_numbers(os.path.join(folder, "tokens.i32"), torch.int32)
        self.rows = tokens.long().view(shape["steps"], shape["sequences"], shape["context"] + 1)

    def run(self, start, end, precision):
        shape = self.shape
        model = Llama(shape, self.weights)
        matrices = [p for p in model.parameters() if p.dim() == 2]
        norms = [p for p in model.parameters() if p.dim() == 1]
        optimizer = torch.optim.AdamW(
            [{"params": matrices, "weight_decay": shape["weight_decay"]},
             {"params": norms, "weight_decay": 0.0}],
            lr=shape["lr"], betas=(shape["beta1"], shape["beta2"]), eps=shape["epsilon"])
        losses, seconds = [], []
        for step in range(start, end):
            began = time.monotonic()
            autocast = (torch.autocast("cpu", dtype=torch.bfloat16) if precision == "bf16"
                        else contextlib.nullcontext())
            with autocast:
                loss = model(self.rows[step, :, :-1], self.rows[step, :, 1:])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            for group in optimizer.param_groups:
                warm = min(step - start + 1, shape["warmup_steps"]) / shape["warmup_steps"]
                group["lr"] = shape["lr"] * warm
            torch.nn.utils.clip_grad_norm_(model.parameters(), shape["clip_norm"])
            optimizer.step()
            losses.append(loss.item())
            seconds.append(time.monotonic() - began)
        return {"losses": losses, "seconds": seconds}


class Pioneer:
    def __init__(self, bench, folder):
        self.bench, self.folder = bench, folder

    def run(self, start, end, precision):
        command = [self.bench, "run", self.folder, str(start), str(end), precision]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def compare_losses(pioneer, other, steps):
    ours, theirs = (side.run(0, steps, "f32")["losses"] for side in (pioneer, other))
    print(f"{'step':>5} {'Pioneer':>10} {'PyTorch':>10} {'difference':>11}")
    for step, (a, b) in enumerate(zip(ours, theirs), 1):
        if step <= 5 or step % 20 == 0 or step == steps:
            print(f"{step:5} {a:10.5f} {b:10.5f} {a - b:11.1e}")
    worst = max(abs(a - b) for a, b in zip(ours, theirs))
    print(f"largest difference of {steps} steps in float32: {worst:.1e}\n")


def compare_speed(pioneer, other, turns, tokens):
    def speed(side, precision):  # the first step warms up
        return tokens / statistics.median(side.run(0, 4, precision)["seconds"][1:])

    precisions = ["f32", "bf16"] if has_bf16() else ["f32"]
    kinds = [(name, side, precision) for precision in precisions
             for name, side in (("Pioneer", pioneer), ("PyTorch", other))]
    speeds = [[speed(side, precision) for _, side, precision in kinds] for _ in range(turns)]
    for i, (name, _, precision) in enumerate(kinds):
        figures = [turn[i] for turn in speeds]
        print(f"{name} {precision:<5} {statistics.median(figures):8.0f} tokens/s "
              f"({min(figures):.0f} to {max(figures):.0f})")
    for i, label in enumerate(precisions):
        print(f"Pioneer / PyTorch, {label}: "
              f"{statistics.median(turn[2 * i] / turn[2 * i + 1] for turn in speeds):.2f}")
    if "bf16" not in precisions:
        print("no bf16: the processor has none")
        return
    best = statistics.median(turn[2] / max(turn[1], turn[3]) for turn in speeds)
    print(f"Pioneer bf16 / PyTorch at its best: {best:.2f}")


def has_bf16():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        return re.search(r"\b(avx512_bf16|amx_bf16)\b", file.read()) is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", default="build/train_bench")
    parser.add_argument("--steps", type=int, default=200, help="whose losses are compared")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--sizes", default="8 320 896 8192 512 8",
                        help="layers, width, feed-forward, vocabulary, context, sequences")
    options = parser.parse_args()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([options.bench, "write", folder, str(max(options.steps, 4)),
                        *options.sizes.split()], check=True)
        pioneer, other = Pioneer(options.bench, folder), Torch(folder)
        shape = other.shape
        print(f"{sum(p['rows'] * p['cols'] for p in shape['parts']) / 1e6:.1f} M parameters, "
              f"{shape['sequences'] * shape['context']} tokens a step, "
              f"{torch.get_num_threads()} threads, PyTorch {torch.__version__}\n")
        if options.steps > 0:
            compare_losses(pioneer, other, options.steps)
        if options.turns > 0:
            compare_speed(pioneer, other, options.turns, shape["sequences"] * shape["context"])


if __name__ == "__main__":
    main()
