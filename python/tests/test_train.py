"""The project's own agent, trained from Python."""

import numpy as np
import pytest

import spikedrive


def test_a_training_returns_its_run(tmp_path):
    arguments = {"phase": 4, "episodes": 30, "seed": 7, "parameters": {"learning_rate": 0.1}}
    run = spikedrive.train(preset="pathway", directory=tmp_path / "a", **arguments)
    assert run.path == tmp_path / "a"
    assert (run.summary["preset"], run.summary["seed"], run.summary["episodes"]) == ("pathway", 7, 30)
    assert run.config["config"]["learning_rate"] == 0.1
    assert len(run.episodes) == 30
    assert (run.returns.shape, run.lengths.max(), run.crashed.dtype) == ((30,), 100, np.bool_)
    # It learns: a whole episode on the road is worth more than 200.
    assert run.returns[-10:].mean() > 150
    assert run.weights().shape == run.weights("last").shape == (100, 100)
    again = spikedrive.train(preset="pathway", runs=tmp_path / "runs", **arguments)
    assert again.path.parent == tmp_path / "runs"
    assert np.array_equal(run.weights("last"), again.weights("last"))
    assert np.array_equal(run.returns, again.returns)


def test_a_curriculum_in_another_world_on_a_server(server, tmp_path):
    run = spikedrive.train(episodes=8, runs=tmp_path, server=server, world={"rays": 5, "sensor_noise": 0.5})
    assert (run.config["world"]["rays"], run.config["world"]["sensor_noise"]) == (5, 0.5)
    assert run.config["server"].endswith(server)
    assert run.episodes[0]["phase"] == 1


def test_mistakes(tmp_path, monkeypatch):
    for arguments, kind, text in [
        ({"phase": 4, "curriculum": "seed"}, spikedrive.InvalidArgumentError, "leave one of them out"),
        ({"world": {"rain": 1}}, spikedrive.InvalidArgumentError, "world: 'rain' is no option: use rays"),
        ({"preset": "reflex"}, spikedrive.ProgramFailedError, "status 2: (.|\n)*reflex"),
        ({"world": {"gust": 5}}, spikedrive.ProgramFailedError, r"gust: 5 is outside \[0, 0.3\]"),
        ({"parameters": {"no.such": 1}}, spikedrive.ProgramFailedError, "--set no is unknown"),
    ]:
        with pytest.raises(kind, match=text):
            spikedrive.train(runs=tmp_path, **arguments)
    monkeypatch.setenv("SPIKEDRIVE_BIN", "/nowhere")
    with pytest.raises(spikedrive.ProgramNotFoundError, match="SPIKEDRIVE_BIN"):
        spikedrive.train(runs=tmp_path)
    run = spikedrive.TrainedRun(tmp_path)
    with pytest.raises(spikedrive.InvalidArgumentError, match="neither best nor last"):
        run.weights("first")
    with pytest.raises(spikedrive.InvalidArgumentError, match="holds no best weights"):
        run.weights()
