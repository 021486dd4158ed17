"""How a step updates, computed independently in float64 by PyTorch: writes update.json beside this file.

Run: python update.py   (needs torch)

Ten updates of VICReg on the network of objectives.py, whose generator it uses, with torch's own clipping of gradients, moving
averages and accumulated gradients. An average takes in what the update before left behind, so it is moved before the forward
pass that an update follows.
"""
import itertools, json, math, pathlib
import torch
from torch.optim.swa_utils import AveragedModel
from objectives import BATCH, Lcg, Network, kinks, summary, vicreg

UPDATES = 10
LEAST_KINK = 6e-6  # activations stay this far from the kinks of their ReLUs, which float32 resolves
RATES = dict(sgd=0.05, adamw=1e-3)
loss = vicreg("official")


def optimizer(name, parameters):
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=RATES[name], momentum=0.9, weight_decay=1e-4)
    return torch.optim.AdamW(parameters, lr=RATES[name], betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)


def run(name, clip, ema, accumulate, data_seed):
    kinks.clear()
    net = Network("vicreg", False)
    g = Lcg(7)
    with torch.no_grad():
        for n, p in net.named_parameters():
            v = g.tensor(*p.shape)
            if ".bn" in n or "projector.1." in n:
                p.copy_(1 + 0.1 * v if n.endswith("weight") else 0.1 * v)
            else:
                p.copy_(v * math.sqrt(3.0 / (p[0].numel() if p.ndim > 1 else p.numel())))
    average = AveragedModel(net.encoder, avg_fn=lambda a, p, _: ema * a + (1 - ema) * p, use_buffers=True)
    average.n_averaged += 1  # it starts from the first weights
    update = optimizer(name, net.parameters())
    data = Lcg(data_seed)
    steps = []
    for step in range(UPDATES * accumulate):
        last = (step + 1) % accumulate == 0
        if last:
            average.update_parameters(net.encoder)
        x = data.tensor(BATCH, 3, 8, 8)
        views = [net(x + 0.1 * data.tensor(BATCH, 3, 8, 8)) for _ in range(2)]
        if min(kinks) < LEAST_KINK:
            return None
        total, terms = loss(views)
        (total / accumulate).backward()
        norm = None
        if last:
            norm = torch.nn.utils.get_total_norm([p.grad for p in net.parameters()]).item()
            if clip:
                torch.nn.utils.clip_grad_norm_(net.parameters(), clip)
            update.step()
            update.zero_grad()
        steps.append(dict(step=step, total=total.item(), **{k: v.item() for k, v in terms.items()}, norm=norm))
    running = lambda module, prefix: summary((prefix + n, b) for n, b in module.named_buffers() if "running" in n)
    averages = {} if not ema else dict(
        summary(("ema.encoder." + n, p.detach()) for n, p in average.module.named_parameters()),
        **running(average.module, "ema.encoder."))
    return dict(optimizer=name, clip=clip, ema=ema, accumulate=accumulate, rate=RATES[name], data_seed=data_seed,
                nearest_kink=min(kinks), steps=steps,
                final=dict(summary((n, p.detach()) for n, p in net.named_parameters()), **running(net, ""), **averages))


def resolved(*settings):
    """The run on the first data from seed 11 on that stay clear of kinks."""
    for seed in itertools.count(11):
        found = run(*settings, seed)
        if found:
            return found


if __name__ == "__main__":
    runs = [resolved(*settings) for settings in [
        ("sgd", 15, 0, 1), ("adamw", 12, 0, 1),
        ("sgd", 0, 0.9, 1), ("adamw", 0, 0.9, 1),
        ("sgd", 0, 0, 3), ("adamw", 0, 0, 3), ("sgd", 10, 0.9, 2)]]
    pathlib.Path(__file__).with_name("update.json").write_text(json.dumps(runs, indent=1) + "\n")
    for each in runs:
        print(each["optimizer"], each["clip"], each["ema"], each["accumulate"], each["data_seed"], each["nearest_kink"],
              [round(s["norm"], 1) for s in each["steps"] if s["norm"] is not None])
