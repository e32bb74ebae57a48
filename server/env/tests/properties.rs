//! Properties of the world: whatever it is given, it answers; and its geometry holds on roads that nobody drew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use spikedrive_env::config::MAX_HORIZON;
use spikedrive_env::sensors::{RANGE, RAYS, ray_angle_rad};
use spikedrive_env::track::{DS, HALF_WIDTH};
use spikedrive_env::{
    Action, Car, Circuit, CircuitMode, Course, EndReason, Phase, Split, Track, VectorWorld, WorldConfig, WorldOptions,
};

/// What the base task's rays see.
fn sense(track: &Track, index: usize, car: &Car) -> [f32; RAYS] {
    let mut distances = [0.0; RAYS];
    spikedrive_env::sensors::sense(track, index, car, &mut distances);
    distances
}

fn phase() -> impl Strategy<Value = Phase> {
    select(Phase::ALL.to_vec())
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![1 => Just(Action::Left), 4 => Just(Action::Straight), 1 => Just(Action::Right)]
}

/// A circle of 40 to 200 m whose radius three harmonics modulate, a point about every 5 m.
fn smooth_loop() -> impl Strategy<Value = Vec<[f64; 2]>> {
    (40.0..200.0, prop::array::uniform3((0.0..0.5, 0.0..TAU))).prop_map(|(radius_m, harmonics): (f64, [_; 3])| {
        let n = (TAU * radius_m / 5.0) as usize;
        let point = |i| {
            let angle_rad = TAU * i as f64 / n as f64;
            let harmonic = |(k, (share, phase_rad))| share / (k * k) * libm::cos(k * angle_rad + phase_rad);
            let modulation: f64 = [2.0, 3.0, 4.0].into_iter().zip(harmonics).map(harmonic).sum();
            let (sin, cos) = libm::sincos(angle_rad);
            [radius_m * (1.0 + modulation) * cos, radius_m * (1.0 + modulation) * sin]
        };
        (0..n).map(point).collect()
    })
}

fn csv(points: &[[f64; 2]]) -> String {
    points.iter().map(|[x, y]| format!("{x},{y},5,5\n")).collect()
}

fn oval() -> String {
    let point = |i| {
        let (sin, cos) = libm::sincos(TAU * f64::from(i) / 100.0);
        [100.0 * cos, 50.0 * sin]
    };
    csv(&(0..100).map(point).collect::<Vec<_>>())
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    libm::hypot(a[0] - b[0], a[1] - b[1])
}

/// In [−π, π).
fn wrapped(angle_rad: f64) -> f64 {
    angle_rad - TAU * libm::floor((angle_rad + PI) / TAU)
}

/// What happens to a line of a circuit file.
#[derive(Clone, Debug)]
enum Damage {
    Drop,
    Repeat(usize),
    Swap,
    CutAfter,
    Insert(String),
    Field(usize, String),
}

fn damage() -> impl Strategy<Value = Damage> {
    let number = prop_oneof![
        select(vec!["", "-0", "1e308", "-1e308", "1e-320", "inf", "NaN", "0x1", "1e999", "+5", "½"])
            .prop_map(str::to_owned),
        any::<f64>().prop_map(|number| number.to_string()),
        (-1e4..1e4).prop_map(|number: f64| number.to_string()),
    ];
    prop_oneof![
        Just(Damage::Drop),
        (1usize..50).prop_map(Damage::Repeat),
        Just(Damage::Swap),
        Just(Damage::CutAfter),
        ".{0,20}".prop_map(Damage::Insert),
        (0usize..4, number).prop_map(|(column, text)| Damage::Field(column, text)),
    ]
}

fn inflict(lines: &mut Vec<String>, line: usize, damage: Damage) {
    match damage {
        Damage::Drop => drop(lines.remove(line)),
        Damage::Repeat(times) => drop(lines.splice(line..line, vec![lines[line].clone(); times])),
        Damage::Swap => lines.swap(line, 0),
        Damage::CutAfter => lines.truncate(line + 1),
        Damage::Insert(text) => lines.insert(line, text),
        Damage::Field(column, text) => {
            let fields: Vec<_> = lines[line].split(',').map(str::to_owned).collect();
            let with_text = fields.iter().enumerate().map(|(k, field)| if k == column { &text } else { field });
            lines[line] = with_text.cloned().collect::<Vec<_>>().join(",");
        }
    }
}

/// Whatever is accepted as a circuit is a road of finite numbers that can be driven for a lap; a refusal has a reason.
fn check_circuit(csv: &str) -> Result<(), TestCaseError> {
    check_circuit_mode(csv, CircuitMode::Fit)?;
    check_circuit_mode(csv, CircuitMode::Real)
}

fn check_circuit_mode(csv: &str, mode: CircuitMode) -> Result<(), TestCaseError> {
    let circuit = match Circuit::from_csv("any", csv, mode) {
        Ok(circuit) => circuit,
        Err(error) => {
            prop_assert!(error.to_string().len() > 20);
            return Ok(());
        }
    };
    let track = circuit.track();
    prop_assert!(track.length() > 60.0 && track.length() <= MAX_HORIZON as f64, "a lap of {}", track.length());
    prop_assert!((0..track.samples()).all(|i| track.centre(i).iter().all(|coordinate| coordinate.is_finite())));
    let horizon = circuit.lap_horizon();
    let course = Course::Circuit(Arc::new(circuit));
    let mut world = VectorWorld::new(WorldConfig { seed: 1, ..WorldConfig::base(course, 3, horizon) }).unwrap();
    for _ in 0..20 {
        let batch = world.step(&Action::ALL).unwrap();
        prop_assert!(batch.observations.iter().all(|distance| (0.0..=RANGE).contains(distance)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_a_circuit_or_a_reason(text in prop_oneof!["(?s).{0,100}", "[-+0-9.,eE# x\\n\\r\u{feff}]{0,400}"]) {
        check_circuit(&text)?;
    }

    #[test]
    fn a_damaged_circuit_file_is_a_circuit_or_a_reason(
        wounds in prop::collection::vec((any::<Index>(), damage()), 1..6),
    ) {
        let mut lines: Vec<_> = oval().lines().map(str::to_owned).collect();
        for (at, damage) in wounds {
            let line = at.index(lines.len());
            inflict(&mut lines, line, damage);
            prop_assume!(!lines.is_empty());
        }
        check_circuit(&lines.join("\n"))?;
    }

    #[test]
    fn any_polygon_is_a_circuit_or_a_reason(
        corners in prop::collection::vec(prop::array::uniform2(-1.0..1.0), 2..20),
        magnitude in -1.0..2.0,
        times in 1usize..20,
    ) {
        let scale = libm::exp10(magnitude);
        let points: Vec<[f64; 2]> = corners.iter().map(|point: &[f64; 2]| point.map(|x| scale * x)).collect();
        check_circuit(&csv(&points.repeat(times)))?;
    }

    #[test]
    fn a_smooth_loop_is_fitted_to_the_car_and_closed(points in smooth_loop()) {
        let circuit = Circuit::from_csv("loop", &csv(&points), CircuitMode::Fit).unwrap();
        let track = circuit.track();
        let n = track.samples();
        let turn_rad = |i: usize, samples: usize| wrapped(track.heading_rad((i + samples) % n) - track.heading_rad(i));

        let curvature = (0..n).map(|i| turn_rad(i, 4).abs() / (4.0 * DS)).fold(0.0, f64::max);
        prop_assert!((curvature * 12.5 - 1.0).abs() < 0.1, "tightest radius {}", 1.0 / curvature);

        prop_assert!(track.is_closed());
        let once_around_rad: f64 = (0..n).map(|i| turn_rad(i, 1)).sum();
        prop_assert!((once_around_rad - TAU).abs() < 1e-6, "{once_around_rad}");
        for i in 0..n {
            let spacing = distance(track.centre(i), track.centre((i + 1) % n));
            prop_assert!((spacing - DS).abs() < 0.05, "{spacing} after sample {i} of {n}");
        }
        let metres: f64 = (0..points.len()).map(|i| distance(points[i], points[(i + 1) % points.len()])).sum();
        let units = metres * circuit.units_per_metre();
        prop_assert!((track.length() / units - 1.0).abs() < 0.05, "{} instead of {units}", track.length());
    }

    #[test]
    fn a_ray_stays_on_the_road_and_ends_at_its_edge(
        (phase, seed, at) in (phase(), any::<u64>(), any::<Index>()),
        lateral_deviation in -3.9..3.9,
        heading_error_rad in -0.75..0.75,
    ) {
        let track = phase.track(seed, 260.0);
        // Beyond the last sample there is no road to end at: leave the 30 units that a car perceives.
        let index = at.index(track.samples() - 60);
        let car = Car {
            position: track.beside(index, lateral_deviation),
            heading_rad: track.heading_rad(index) + heading_error_rad,
        };
        for (number, ray) in sense(&track, index, &car).into_iter().enumerate() {
            prop_assert!((0.0..=RANGE).contains(&ray));
            let (sin, cos) = libm::sincos(car.heading_rad + ray_angle_rad(number, RAYS));
            let off_centre = |share: f64| {
                let along = share * f64::from(ray);
                let point = [car.position[0] + along * cos, car.position[1] + along * sin];
                let perceived = index.saturating_sub(16)..=index + 60;
                perceived.map(|i| distance(track.centre(i), point)).fold(f64::INFINITY, f64::min)
            };
            for tenth in 0..=10 {
                let off = off_centre(f64::from(tenth) / 10.0);
                prop_assert!(off < HALF_WIDTH + 0.03, "{off} off the centre after {tenth}/10 of {ray}");
            }
            prop_assert!(ray == RANGE || off_centre(1.0) > HALF_WIDTH - 0.03, "{ray} ends on the road");
        }
    }

    #[test]
    fn a_pose_in_any_direction_sees_distances_in_range(
        (phase, seed, at) in (phase(), any::<u64>(), any::<Index>()),
        lateral_deviation in -3.9..3.9,
        heading_error_rad in -PI..PI,
    ) {
        let track = phase.track(seed, 260.0);
        let index = at.index(track.samples());
        let position = track.beside(index, lateral_deviation);
        let car = Car { position, heading_rad: track.heading_rad(index) + heading_error_rad };
        prop_assert!(sense(&track, index, &car).iter().all(|ray| (0.0..=RANGE).contains(ray)));
    }

    #[test]
    fn a_straight_road_looks_the_same_in_a_mirror(
        seed in any::<u64>(),
        index in 20usize..440,
        lateral_deviation in -3.9..3.9,
        heading_rad in -0.75..0.75,
    ) {
        let track = Phase::Straight.track(seed, 260.0);
        let see = |lateral_deviation, heading_rad| {
            sense(&track, index, &Car { position: track.beside(index, lateral_deviation), heading_rad })
        };
        let ([left, ahead, right], mut mirrored) =
            (see(lateral_deviation, heading_rad), see(-lateral_deviation, -heading_rad));
        mirrored.reverse();
        for (ray, mirrored) in [left, ahead, right].into_iter().zip(mirrored) {
            prop_assert!((ray - mirrored).abs() < 1e-3, "{ray} and {mirrored}");
        }
        let [left, ahead, right] = see(0.0, 0.0);
        prop_assert!((left - 4.0 * 2f32.sqrt()).abs() < 1e-4 && (right - 4.0 * 2f32.sqrt()).abs() < 1e-4);
        prop_assert_eq!(ahead, RANGE);
    }

    #[test]
    fn a_mirrored_circuit_gives_mirrored_rays(
        points in smooth_loop(),
        at in any::<Index>(),
        lateral_deviation in -3.9..3.9,
        heading_error_rad in -0.75..0.75,
    ) {
        let mirror: Vec<_> = points.iter().map(|[x, y]| [*x, -y]).collect();
        let see = |points: &[[f64; 2]], side: f64| {
            let circuit = Circuit::from_csv("loop", &csv(points), CircuitMode::Fit).unwrap();
            let track = circuit.track();
            let index = at.index(track.samples());
            let position = track.beside(index, side * lateral_deviation);
            sense(track, index, &Car { position, heading_rad: track.heading_rad(index) + side * heading_error_rad })
        };
        let (seen, mut mirrored) = (see(&points, 1.0), see(&mirror, -1.0));
        mirrored.reverse();
        for (ray, mirrored) in seen.into_iter().zip(mirrored) {
            prop_assert!((ray - mirrored).abs() < 1e-3, "{ray} and {mirrored}");
        }
    }

    #[test]
    fn the_nearest_sample_to_a_point_beside_one_is_that_one(
        (phase, seed, at) in (phase(), any::<u64>(), any::<Index>()),
        advance in -6isize..=8,
        lateral_deviation in -3.99..3.99,
    ) {
        let track = phase.track(seed, 260.0);
        check_nearest(&track, 8 + at.index(track.samples() - 16), advance, lateral_deviation)?;
    }

    #[test]
    fn the_nearest_sample_is_found_across_the_seam_of_a_loop(
        points in smooth_loop(),
        from_seam in -10isize..10,
        advance in -6isize..=8,
        lateral_deviation in -3.99..3.99,
    ) {
        let circuit = Circuit::from_csv("loop", &csv(&points), CircuitMode::Fit).unwrap();
        let track = circuit.track();
        let index = from_seam.rem_euclid(track.samples() as isize) as usize;
        check_nearest(track, index, advance, lateral_deviation)?;
    }

    #[test]
    fn any_actions_are_driven_until_the_horizon_at_the_latest(
        course in course(),
        options in options(),
        (lanes, horizon) in (1usize..5, 1usize..60),
        seed in any::<u64>(),
        first_episode in prop_oneof![any::<u64>(), Just(u64::MAX)],
        actions in prop::collection::vec(action(), 100..200),
    ) {
        let on_circuit = matches!(course, Course::Circuit(_));
        let options = WorldOptions { varying_width: options.varying_width && !on_circuit, ..options };
        let base = WorldConfig::base(course, lanes, horizon);
        let mut world = VectorWorld::new(WorldConfig { seed, first_episode, options, ..base }).unwrap();
        let best = 2.5 + options.predictive_reward;
        let mut ages = vec![Some(0); lanes];
        for window in actions.windows(lanes) {
            let batch = world.step(window).unwrap();
            prop_assert!(batch.observations.iter().all(|distance| (0.0..=RANGE).contains(distance)));
            for (age, (&reward, &end)) in ages.iter_mut().zip(batch.rewards.iter().zip(&batch.ends)) {
                let Some(steps) = age else {
                    prop_assert_eq!((reward, end), (0.0, None));
                    *age = Some(0);
                    continue;
                };
                *steps += 1;
                match end {
                    Some(EndReason::Crash) => prop_assert_eq!(reward, -100.0),
                    _ => prop_assert!((0.4..=best).contains(&reward), "{reward}"),
                }
                prop_assert!(*steps < horizon || end.is_some(), "{steps} of {horizon}");
                prop_assert!(end != Some(EndReason::Horizon) || *steps == horizon, "{steps} of {horizon}");
                if end.is_some() {
                    *age = None;
                }
            }
        }
    }
}

fn options() -> impl Strategy<Value = WorldOptions> {
    let sensing = (select(vec![3, 5, 7, 9]), prop_oneof![Just(0.0), 0.0..10.0], 0usize..=20);
    let driving = (prop_oneof![Just(1.0), 0.05..=1.0], prop_oneof![Just(0.0), 0.0..0.3], any::<bool>(), 0.0..2.0);
    let faults = (prop_oneof![Just(1.0), -2.0..-0.1, 0.1..2.0], prop_oneof![Just(1.0), 0.1..=1.0]);
    (sensing, driving, faults).prop_map(
        |(
            (rays, sensor_noise, sensor_latency),
            (actuator_lag, gust, varying_width, predictive_reward),
            (steering_gain, left_ray_gain),
        )| WorldOptions {
            rays,
            sensor_noise,
            sensor_latency,
            actuator_lag,
            gust,
            varying_width,
            predictive_reward,
            steering_gain,
            left_ray_gain,
        },
    )
}

fn course() -> impl Strategy<Value = Course> {
    let generated = (phase(), select(Split::ALL.to_vec())).prop_map(|(phase, split)| Course::Phase { phase, split });
    let circuit = Just(())
        .prop_map(|()| Course::Circuit(Arc::new(Circuit::from_csv("oval", &oval(), CircuitMode::Fit).unwrap())));
    prop_oneof![3 => generated, 1 => circuit]
}

/// Looks for the point beside sample `index` from `advance` samples before it.
fn check_nearest(track: &Track, index: usize, advance: isize, lateral_deviation: f64) -> Result<(), TestCaseError> {
    let last = (index as isize - advance).rem_euclid(track.samples() as isize) as usize;
    let nearest = track.nearest(last, track.beside(index, lateral_deviation));
    prop_assert_eq!((nearest.index, nearest.advance), (index, advance));
    prop_assert!((nearest.lateral_deviation - lateral_deviation).abs() < 1e-9);
    prop_assert!((nearest.distance - lateral_deviation.abs()).abs() < 1e-9);
    Ok(())
}
