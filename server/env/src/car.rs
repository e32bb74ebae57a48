//! The car: a pose that moves one unit a step.

use crate::Action;

/// Change of heading by one steering action, in radians.
pub const STEER_RAD: f64 = 0.10;

/// Distance driven in a step, in units.
pub const STEP_LENGTH: f64 = 1.0;

/// Where the car is and where it points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Car {
    /// Position, in units.
    pub position: [f64; 2],
    /// Heading, in radians, counter-clockwise from the x axis.
    pub heading_rad: f64,
}

impl Car {
    /// Turns, moves, and is blown aside: `heading += turn`, `position += (cos heading, sin heading) + drift·(−sin, cos)`.
    pub fn drive(&mut self, turn_rad: f64, drift: f64) {
        self.heading_rad += turn_rad;
        let (sin, cos) = libm::sincos(self.heading_rad);
        self.position[0] += STEP_LENGTH * cos - drift * sin;
        self.position[1] += STEP_LENGTH * sin + drift * cos;
    }
}

/// The turn that an action commands, in radians a step.
pub fn commanded_turn_rad(action: Action) -> f64 {
    match action {
        Action::Left => STEER_RAD,
        Action::Straight => 0.0,
        Action::Right => -STEER_RAD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_before_it_moves() {
        let mut car = Car { position: [0.0, 0.0], heading_rad: 0.0 };
        car.drive(commanded_turn_rad(Action::Left), 0.0);
        assert_eq!(car.heading_rad, 0.1);
        assert!((car.position[0] - 0.995_004_165_278_025_8).abs() < 1e-15);
        assert!((car.position[1] - 0.099_833_416_646_828_15).abs() < 1e-15);
        car.drive(commanded_turn_rad(Action::Right), 0.0);
        car.drive(commanded_turn_rad(Action::Straight), 0.0);
        assert!(car.heading_rad.abs() < 1e-15);
        assert!((car.position[0] - 2.995_004_165_278_026).abs() < 1e-12);
    }

    #[test]
    fn wind_from_the_right_blows_to_the_left() {
        let mut car = Car { position: [0.0, 0.0], heading_rad: 0.0 };
        car.drive(0.0, 0.25);
        assert_eq!(car.position, [1.0, 0.25]);
    }
}
