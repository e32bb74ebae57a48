"""PPO of Stable-Baselines3, shown live in the dashboard beside the spiking network.

pip install "spikedrive[sb3]"
python sb3_ppo.py [--steps 100000] [--dashboard 127.0.0.1:50052]
"""

import argparse

from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecMonitor

from spikedrive.sb3 import SpikeDriveVecEnv, TelemetryCallback
from spikedrive.telemetry import Run

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=100_000)
parser.add_argument("--lanes", type=int, default=16)
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--dashboard")
args = parser.parse_args()

env = VecMonitor(SpikeDriveVecEnv(args.lanes, phase=4))
model = PPO("MlpPolicy", env, n_steps=128, batch_size=256, gamma=0.95, seed=args.seed, device="cpu")
with Run("sb3-ppo", seed=args.seed, episodes=args.steps // 100, phase=4, dashboard=args.dashboard) as run:
    model.learn(args.steps, callback=TelemetryCallback(run, phase=4))
    test = VecMonitor(SpikeDriveVecEnv(50, phase=4, split="test"))
    mean, deviation = evaluate_policy(model, test, n_eval_episodes=50, deterministic=True)
    print(f"return {mean:.1f} on the 50 test tracks, standard deviation {deviation:.1f}")
    run.finish(final={"4": {"100": {"mean": float(mean)}}})
test.close()
env.close()
