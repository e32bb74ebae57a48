//! The numbers of this world, as fingerprints: what is made faster must not move a single bit of them. If one changes on purpose,
//! the world gets a new `ENVIRONMENT_ID`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use spikedrive_env::{
    Action, Circuit, CircuitMode, Course, Phase, Split, StepBatch, VectorWorld, WorldConfig, WorldOptions, WorldPreset,
};

const LANES: usize = 6;
const STEPS: usize = 400;

/// FNV-1a of 64 bits, over every bit that a driver gets.
struct Fingerprint(u64);

impl Fingerprint {
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn add_batch(&mut self, batch: &StepBatch) {
        batch.observations.iter().for_each(|distance| self.add(&distance.to_bits().to_le_bytes()));
        batch.rewards.iter().for_each(|reward| self.add(&reward.to_bits().to_le_bytes()));
        batch.ends.iter().for_each(|end| self.add(&[end.map_or(0, |end| end as u8 + 1)]));
    }
}

/// Bang-bang, which a lane drops in the end to crash: both ends, and every part of the road, are passed.
fn steer(lane: usize, step: usize, rays: &[f32]) -> Action {
    match rays[0] - rays[rays.len() - 1] {
        _ if lane % 2 == 1 && step % 70 > 50 => Action::ALL[(step / 20 + lane) % 3],
        difference if difference > 1.0 => Action::Left,
        difference if difference < -1.0 => Action::Right,
        _ => Action::Straight,
    }
}

fn fingerprint(course: Course, options: WorldOptions) -> u64 {
    let base = WorldConfig::base(course, LANES, 60);
    let mut world = VectorWorld::new(WorldConfig { seed: 11, first_episode: 2, options, ..base }).unwrap();
    let mut print = Fingerprint(0xcbf2_9ce4_8422_2325);
    print.add_batch(world.batch());
    for step in 0..STEPS {
        let rays = world.observations().chunks(options.rays).enumerate();
        let actions: Vec<Action> = rays.map(|(lane, rays)| steer(lane, step, rays)).collect();
        print.add_batch(world.step(&actions).unwrap());
    }
    print.0
}

fn phase(phase: Phase, split: Split) -> Course {
    Course::Phase { phase, split }
}

/// Three harmonics on an oval 300 m long, wider on one side.
fn circuit(mode: CircuitMode) -> Course {
    let csv: String = (0..150)
        .map(|i| {
            let angle_rad = std::f64::consts::TAU * f64::from(i) / 150.0;
            let radius = 60.0 * (1.0 + 0.3 * libm::cos(2.0 * angle_rad) + 0.1 * libm::sin(3.0 * angle_rad));
            format!(
                "{},{},5.0,{}\n",
                radius * libm::cos(angle_rad),
                radius * libm::sin(angle_rad),
                4.0 + (i % 9) as f64 / 9.0
            )
        })
        .collect();
    Course::Circuit(Arc::new(Circuit::from_csv("golden", &csv, mode).unwrap()))
}

#[test]
fn not_a_bit_has_changed() {
    let base = WorldOptions::default();
    let storm = WorldPreset::HardStorm.options();
    let wide = WorldOptions { rays: 9, varying_width: true, predictive_reward: 0.5, ..storm };
    for (name, course, options, expected) in [
        ("straight", phase(Phase::Straight, Split::Train), base, 0xbdb4_0307_eeb3_3e28),
        ("gentle", phase(Phase::Gentle, Split::Train), base, 0xba18_4095_fad7_39a4),
        ("sharp", phase(Phase::Sharp, Split::Validation), base, 0x39b3_3af6_a900_f439),
        ("complex, train", phase(Phase::Complex, Split::Train), base, 0xebb8_b440_fe8b_faaf),
        ("complex, test", phase(Phase::Complex, Split::Test), base, 0x02be_c50d_5397_df0b),
        ("latency", phase(Phase::Complex, Split::Train), WorldPreset::HardLatency.options(), 0x32a8_390e_cb8d_3027),
        ("lag", phase(Phase::Complex, Split::Train), WorldPreset::HardLag.options(), 0x7cb5_c445_d793_7748),
        ("storm", phase(Phase::Complex, Split::Train), storm, 0x0330_3087_9c65_548e),
        ("nine rays on a varying road", phase(Phase::Complex, Split::Train), wide, 0x43a9_00ce_b3c5_20fa),
        ("fitted circuit", circuit(CircuitMode::Fit), base, 0x084c_8525_8c86_db8b),
        (
            "real circuit, nine rays",
            circuit(CircuitMode::Real),
            WorldOptions { rays: 9, ..base },
            0xa7fe_6973_5f3a_666b,
        ),
    ] {
        let print = fingerprint(course, options);
        assert!(print == expected, "{name}: {print:#018x} instead of {expected:#018x}");
    }
}
