//! Settings of a training: single parameters of a preset, curricula, and the file that `spikedrive config` prints.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use spikedrive_agent::cli::Command;
use spikedrive_agent::config_file::{Invocation, command_line};
use spikedrive_agent::train::TrainConfig;
use spikedrive_learners::Preset;
use support::{Ended, Place};

/// What a training with these arguments would be.
fn train_config(arguments: &str) -> TrainConfig {
    let words = ["spikedrive", "config"].into_iter().chain(arguments.split_whitespace());
    let Invocation { cli, matches, file } = command_line(words.map(Into::into)).unwrap();
    let Some(Command::Config(mut learn)) = cli.command else { panic!("{cli:?}") };
    learn.settle(matches.subcommand().unwrap().1, file.as_ref()).unwrap();
    learn.train_config().unwrap()
}

/// Settings without where they come from.
fn values(printed: &str) -> String {
    printed
        .lines()
        .skip(1)
        .map(|line| line.rsplit_once("  # ").map_or(line, |(value, _)| value).to_owned() + "\n")
        .collect()
}

#[test]
fn printed_settings_read_back_to_the_same() {
    let presets = Preset::all().map(|preset| format!("--preset {preset}"));
    let others = [
        "--preset stdp --set lif.noise_sd=0.123456789 --set schedule={kind=phase-decay,gamma=0.97} --seed 18446744073709551615",
        "--preset pathway --set sleep=none --set critic.rate=1e-3 --phase 2 --episodes 7 --gust 0.10 --varying-width",
        "--preset memory --rays 9 --set divisive.gain=1.1 --schedule phase-decay --set schedule.gamma=0.99",
        "--preset seed --reading C --set dopamine.baseline_rate=0.10000000149011612 --set stdp.a_minus=0.0051",
        "--preset dqn --set hidden=[8] --set inputs={kind=stack,k=4} --schedule fixed --rays 5 --lanes 3",
        "--preset ppo --set inputs={kind=code} --set learning_rate=1e-4 --set hidden=[16,16,16]",
        "--preset frugal --curriculum seed --curriculum-window 3 --curriculum-thresholds 70%,30,-1e1",
    ];
    for arguments in presets.chain(others.map(str::to_owned)) {
        let place = Place::new();
        let first = place.run(&format!("config {arguments}")).done();
        place.write("a.toml", &first);
        let second = place.run("config --config a.toml").done();
        assert_eq!(values(&first), values(&second), "{arguments}");
        place.write("a.toml", &second);
        assert_eq!(place.run("config --config a.toml").done(), second, "{arguments}");
        let path = place.path("a.toml");
        assert_eq!(train_config(&format!("--config {}", path.display())), train_config(&arguments), "{arguments}");
    }
}

#[test]
fn a_parameter_of_a_flag_goes_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    let file = "[train]\nschedule = 'fixed'\n[train.learner]\nticks = 7\nmotor_gain = 2.5\n[train.learner.lif]\nnoise_sd = 0.5\ni_base = 0.5\n";
    place.write("spikedrive.toml", file);
    let mut command = place.command("config --set ticks=9 --set learning_rate=0.2");
    let printed = Ended::of(command.env("SPIKEDRIVE_SET", "lif.noise_sd=0.25;ticks=8")).done();
    for line in [
        "ticks = 9  # flag",
        "learning_rate = 0.2  # flag",
        "lif.noise_sd = 0.25  # environment",
        "lif.i_base = 0.5  # spikedrive.toml",
        "motor_gain = 2.5  # spikedrive.toml",
        "schedule = { kind = \"fixed\" }  # spikedrive.toml",
        "critic.rate = 0.2\n",
    ] {
        assert!(printed.contains(line), "{line:?} is not in\n{printed}");
    }
    let mut command = place.command("config");
    let printed = Ended::of(command.env("SPIKEDRIVE_SET", "ticks=8")).done();
    assert!(printed.contains("ticks = 8  # environment"), "{printed}");
    let mut command = place.command("config --set ticks=9");
    Ended::of(command.env("SPIKEDRIVE_SET", "ticks")).refuses(2, &["SPIKEDRIVE_SET: \"ticks\" is no PATH=VALUE"]);
}

#[test]
fn a_flag_goes_before_the_parameters_of_the_file() {
    let place = Place::new();
    place.write("spikedrive.toml", &place.run("config --preset stdp --set ticks=9").done());
    let printed = place.run("config --schedule fixed").done();
    assert!(printed.contains("schedule = { kind = \"fixed\" }  # flag"), "{printed}");
    assert!(printed.contains("ticks = 9  # spikedrive.toml"), "{printed}");
    let other = place.run("config --preset pathway");
    assert!(other.err.contains("[train.learner] belongs to its preset stdp, and is passed over for pathway"));
    assert!(other.done().contains("ticks = 20\n"));
    place.write("spikedrive.toml", "[train.learner]\nticks = 9\n");
    assert!(place.run("config --preset pathway").done().contains("ticks = 9  # spikedrive.toml"));
}

#[test]
fn a_run_keeps_the_parameters_that_it_was_given() {
    let place = Place::new();
    let train = "train --quiet --preset pathway --phase 1 --episodes 2 --out run";
    place.run(&format!("{train} --set learning_rate=0.05 --set sleep=none --set code.tuning.width=0.75")).done();
    for file in ["run/run.json", "run/weights/last.json"] {
        let config = &place.json(file)["config"];
        assert_eq!((&config["learning_rate"], &config["sleep"]), (&0.05.into(), &serde_json::Value::Null));
        assert_eq!(config["code"]["tuning"], serde_json::json!({"kind": "gaussian", "width": 0.75}));
    }
    place.run("evaluate --quiet --weights run/weights/last.npy --episodes 2 --phase 1").done();
    let refused = ["--set and --resume exclude each other", "run/run.json"];
    place.run("train --resume run --set learning_rate=0.1").refuses(2, &refused);
}

#[test]
fn impossible_parameters_are_refused_with_path_value_and_remedy() {
    let place = Place::new();
    for (arguments, words) in [
        (
            "--set lif.noise=3",
            ["--set lif.noise is unknown", "lif has i_base, noise_sd, tau_mem_ms, v_reset, v_threshold"],
        ),
        ("--set noise=3", ["--set noise is unknown: use cells, code, credit, critic,", "ticks, trace_decay, wiring"]),
        ("--set kind=seed", ["--set kind is unknown", "use cells, code"]),
        ("--set ticks.x=3", ["--set ticks.x is unknown", "ticks is a single value"]),
        (
            "--set ticks=2.5",
            ["--set ticks = 2.5 is impossible", "expected a whole number of at least 0; the preset has 20"],
        ),
        ("--set ticks=-1", ["--set ticks = -1 is impossible", "the preset has 20"]),
        ("--set lif.noise_sd=x", ["--set lif.noise_sd = \"x\" is impossible", "expected a number; the preset has 0.2"]),
        ("--set lif.noise_sd=-1", ["--set lif.noise_sd: -1 is outside [0, 100]", "use a number within"]),
        ("--set lif=none", ["--set lif = \"none\" is impossible", "expected a table"]),
        ("--set learning_rate=nan", ["is no value", "use a finite number"]),
        ("--set learning_rate=1e39", ["--set learning_rate: inf is outside", "use a number within"]),
        ("--set learning_rate=1,2", ["\"1,2\" is no value", "use a number, a word, none, or a table"]),
        ("--set learning_rate", ["\"learning_rate\" is no PATH=VALUE", "use for instance lif.noise_sd=0.1"]),
        ("--set =3", ["\"=3\" is no PATH=VALUE", "use for instance"]),
        ("--set schedule={kind=x}", ["unknown variant `x`", "`fixed`, `warmup-cosine`, `phase-decay`"]),
        ("--set schedule={kind=fixed,floor=0.1}", ["--set schedule.floor is unknown", "schedule has kind"]),
        (
            "--set schedule={kind=phase-decay,gamma=2}",
            ["--set schedule.gamma: 2 is outside (0, 1]", "use a number within"],
        ),
        ("--set sleep.memory=3", ["--set sleep = { memory = 3 } is impossible", "missing field `replays`"]),
        ("--set code.rays=4", ["--set code.rays: 4 is impossible", "use 3, 5, 7 or 9"]),
        ("--set motor_neurons=22", ["do not fit 100 neurons", "use at least 3 motor neurons and 100 neurons in all"]),
        ("--preset frugal --set code.rays=5 --set code.cells_per_sensor=9", ["casts 3 rays", "use a world of 5 rays"]),
        ("--preset seed --set reading=D", ["--set reading = \"D\" is impossible", "expected one of `A`, `B`, `C`"]),
        ("--preset dqn --set batch=0", ["--set batch: 0 is outside [1, 4096]", "use a number within"]),
        ("--preset dqn --set hidden=[64,0]", ["--set hidden = [64, 0] is impossible", "a hidden layer of 0 units"]),
        ("--preset dqn --set inputs={kind=stack,k=0}", ["--set inputs.k: 0 is outside [1, 32]", "use a number within"]),
        ("--preset dqn --set inputs={kind=eyes}", ["unknown variant `eyes`", "`sensors-action`, `stack`, `code`"]),
        ("--preset dqn --set rays=5", ["casts 3 rays and the network takes 5", "use a world of 5 rays"]),
        ("--preset ppo --set clip=0", ["--set clip: 0 is outside (0, 1]", "use a number within"]),
        ("--preset ppo --set lif.noise_sd=1", ["--set lif is unknown", "use activation, adam, clip"]),
        ("--preset ppo --set adam.beta1=1", ["--set adam.beta1: 1 is outside [0, 1)", "use a number within"]),
        ("--preset ppo --reading A", ["--reading is for --preset seed", "the preset ppo leaves nothing open"]),
        (
            "--preset spikeless --set hidden_neurons=10",
            ["signal: rates make no hidden neuron spike, and there are 10", "use hidden_neurons = 0"],
        ),
        (
            "--preset stdp --set signal=rates",
            ["--set signal: rates make no pairs of spikes", "use the plasticity pre-count"],
        ),
        (
            "--preset own-spike --set signal=rates",
            ["--set signal: rates make no pairs of spikes", "use the plasticity pre-count"],
        ),
        (
            "--preset seed --set code.rays=3",
            ["--set code is unknown", "use dopamine, input_current, lif, mode, reading"],
        ),
    ] {
        for command in ["config", "train", "up"] {
            place.run(&format!("{command} --quiet {arguments}")).refuses(2, &words);
        }
    }
    for (file, words) in [
        ("[train.learner]\nnoise = 3\n", ["bad.toml: [train.learner] noise is unknown", "use cells, code"]),
        (
            "[train.learner.lif]\nnoise_sd = -1\n",
            ["bad.toml: [train.learner] lif.noise_sd: -1 is outside", "use a number"],
        ),
        (
            "[train.learner.lif]\nnoise_sd = [1]\n",
            ["bad.toml: [train.learner] lif.noise_sd = [1] is impossible", "a number"],
        ),
        ("[train.learner]\nticks = inf\n", ["bad.toml: [train.learner] ticks: inf is no value", "use a finite number"]),
        ("[train]\nlearner = 3\n", ["bad.toml: [train] learner is 3", "use a table [train.learner]"]),
        ("[train]\nset = 'ticks=3'\n", ["bad.toml: [train] set is unknown", "learner"]),
    ] {
        place.write("bad.toml", file);
        place.run("train --config bad.toml").refuses(2, &words);
    }
    assert_eq!(place.names("."), ["bad.toml", "circuits"]);
}

#[test]
fn a_curriculum_may_have_another_window_and_other_thresholds() {
    let place = Place::new();
    let lesson = |arguments: &str, environment: &[(&str, &str)]| {
        let mut command = place.command(&format!("train --quiet --json --episodes 1 {arguments}"));
        Ended::of(command.envs(environment.iter().copied())).json()["lesson"].as_str().unwrap().to_owned()
    };
    assert_eq!(lesson("--curriculum-window 5 --curriculum-thresholds 80%", &[]), "curriculum ceiling");
    assert_eq!(lesson("--curriculum-window 10", &[]), "curriculum of 10 episodes above 80 % of the ceiling");
    let seed = "--curriculum seed --curriculum-thresholds 60,70%,-5";
    assert_eq!(lesson(seed, &[]), "curriculum of 20 episodes above 60, 70 % of the ceiling and -5");
    let window = ("SPIKEDRIVE_CURRICULUM_WINDOW", "3");
    assert_eq!(lesson("--curriculum seed", &[window]), "curriculum of 3 episodes above 50, 30 and 40");
    assert_eq!(lesson("--phase 1", &[window]), "phase 1");
    let phase = ("SPIKEDRIVE_PHASE", "1");
    assert_eq!(lesson("--curriculum-thresholds 1", &[phase]), "curriculum of 5 episodes above 1");
    // One episode of a curriculum whose thresholds are out of reach below: phase 2 begins at once.
    place.run("train --quiet --episodes 2 --curriculum-window 1 --curriculum-thresholds -1000 --out run").done();
    let last = place.text("run/episodes.jsonl").lines().last().unwrap().to_owned();
    assert!(last.contains("\"phase\":2"), "{last}");
    let lesson = serde_json::json!({"curriculum": {"window": 1, "thresholds": ["-1000", "-1000", "-1000"]}});
    assert_eq!(place.json("run/run.json")["lesson"], lesson);
}

#[test]
fn impossible_curricula_are_refused_with_value_and_remedy() {
    let place = Place::new();
    for (arguments, words) in [
        ("--curriculum-window 0", ["'0'", "use a whole number from 1 to 1000"]),
        ("--curriculum-window 1001", ["'1001'", "use a whole number from 1 to 1000"]),
        ("--curriculum-thresholds 50,30", ["2 thresholds", "use one, or one for each of phases 1 to 3"]),
        ("--curriculum-thresholds 101%", ["\"101%\" is no threshold", "above 0% and up to 100%"]),
        ("--curriculum-thresholds 0%", ["\"0%\" is no threshold", "above 0% and up to 100%"]),
        ("--curriculum-thresholds inf", ["\"inf\" is no threshold", "use a return such as 30"]),
        ("--phase 1 --curriculum-window 5", ["--phase and --curriculum-window exclude each other", "give one of them"]),
        ("--phase 1 --curriculum-thresholds 5", ["--phase and --curriculum-thresholds exclude", "give one of them"]),
    ] {
        place.run(&format!("train {arguments}")).refuses(2, &words);
    }
}
