//! What no driver may see: poses and roads.

use spikedrive_env::{LaneInfo, LaneRoad, Pose, Road};

use super::{ConvertError, check_length, saturating_u32};
use crate::v1;

/// Bytes of a pose: x, y, heading, lateral deviation.
const POSE_BYTES: usize = 4 * size_of::<f64>();
/// Bytes of a point, and of a pair of half-widths.
const PAIR_BYTES: usize = 2 * size_of::<f32>();

impl From<&LaneInfo> for v1::LaneInfo {
    fn from(info: &LaneInfo) -> Self {
        let numbers = info.poses.iter().flat_map(|pose| {
            let Pose { position: [x, y], heading_rad, lateral_deviation } = *pose;
            [x, y, heading_rad, lateral_deviation]
        });
        Self { poses: numbers.flat_map(f64::to_le_bytes).collect(), roads: info.roads.iter().map(Into::into).collect() }
    }
}

impl From<&LaneRoad> for v1::LaneRoad {
    fn from(LaneRoad { lane, road }: &LaneRoad) -> Self {
        Self {
            lane: saturating_u32(*lane),
            track: road.track,
            closed: road.closed,
            centre: pair_bytes(&road.centre),
            half_widths: pair_bytes(&road.half_widths),
        }
    }
}

/// Pairs of numbers as little-endian f32.
pub fn pair_bytes(pairs: &[[f32; 2]]) -> Vec<u8> {
    pairs.iter().flatten().flat_map(|number| number.to_le_bytes()).collect()
}

/// Reads the info of `lanes` lanes: a finite pose for each, and roads of rising lanes.
pub fn read_info(info: &v1::LaneInfo, lanes: usize) -> Result<LaneInfo, ConvertError> {
    check_length("info.poses", &info.poses, lanes * POSE_BYTES)?;
    let (numbers, _) = info.poses.as_chunks();
    let numbers: Vec<f64> = numbers.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    if let Some(number) = numbers.iter().find(|number| !number.is_finite()) {
        return Err(ConvertError::new("info.poses", format!("{number} is not finite")));
    }
    let (poses, _) = numbers.as_chunks();
    let poses = poses.iter().map(|&[x, y, heading_rad, lateral_deviation]| Pose {
        position: [x, y],
        heading_rad,
        lateral_deviation,
    });
    let roads = info.roads.iter().map(|road| read_road(road, lanes)).collect::<Result<Vec<_>, _>>()?;
    if let Some(pair) = roads.windows(2).find(|pair| pair[0].lane >= pair[1].lane) {
        let reason =
            format!("lane {} follows lane {}: each lane has one road, by rising lane", pair[1].lane, pair[0].lane);
        return Err(ConvertError::new("info.roads", reason));
    }
    Ok(LaneInfo { poses: poses.collect(), roads })
}

fn read_road(road: &v1::LaneRoad, lanes: usize) -> Result<LaneRoad, ConvertError> {
    let lane = road.lane as usize;
    if lane >= lanes {
        return Err(ConvertError::new("info.roads.lane", format!("{lane} is no lane of {lanes}")));
    }
    if !road.centre.len().is_multiple_of(PAIR_BYTES) || road.centre.len() < 2 * PAIR_BYTES {
        let reason = format!("{} bytes are not two points or more of {PAIR_BYTES} bytes", road.centre.len());
        return Err(ConvertError::new("info.roads.centre", reason));
    }
    check_length("info.roads.half_widths", &road.half_widths, road.centre.len())?;
    let centre = read_pairs("info.roads.centre", &road.centre, f32::is_finite)?;
    let half_widths =
        read_pairs("info.roads.half_widths", &road.half_widths, |width| width.is_finite() && width > 0.0)?;
    Ok(LaneRoad { lane, road: Road { track: road.track, closed: road.closed, centre, half_widths } })
}

fn read_pairs(field: &'static str, bytes: &[u8], fits: fn(f32) -> bool) -> Result<Vec<[f32; 2]>, ConvertError> {
    let (numbers, _) = bytes.as_chunks();
    let numbers: Vec<f32> = numbers.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
    match numbers.iter().find(|&&number| !fits(number)) {
        Some(number) => Err(ConvertError::new(field, format!("{number} is out of range"))),
        None => Ok(numbers.as_chunks().0.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn info() -> LaneInfo {
        let road =
            Road { track: 7, closed: true, centre: vec![[0.0, 1.0], [2.0, -3.5]], half_widths: vec![[4.0; 2]; 2] };
        LaneInfo { poses: vec![Pose::default(); 3], roads: vec![LaneRoad { lane: 1, road }] }
    }

    #[test]
    fn broken_info_is_refused() {
        let good = v1::LaneInfo::from(&info());
        assert_eq!(read_info(&good, 3).unwrap(), info());
        let road = |change: fn(&mut v1::LaneRoad)| {
            let mut bad = good.clone();
            change(&mut bad.roads[0]);
            bad
        };
        let twice = v1::LaneInfo { roads: vec![good.roads[0].clone(), good.roads[0].clone()], ..good.clone() };
        let nowhere = f64::NAN.to_le_bytes().repeat(12);
        for (bad, field) in [
            (v1::LaneInfo { poses: vec![0; 95], ..good.clone() }, "info.poses"),
            (v1::LaneInfo { poses: nowhere, ..good.clone() }, "info.poses"),
            (road(|road| road.lane = 3), "info.roads.lane"),
            (road(|road| road.centre.truncate(15)), "info.roads.centre"),
            (road(|road| road.centre.truncate(8)), "info.roads.centre"),
            (road(|road| road.centre[..4].copy_from_slice(&f32::INFINITY.to_le_bytes())), "info.roads.centre"),
            (road(|road| road.half_widths.truncate(8)), "info.roads.half_widths"),
            (road(|road| road.half_widths.fill(0)), "info.roads.half_widths"),
            (twice, "info.roads"),
        ] {
            assert_eq!(read_info(&bad, 3).unwrap_err().field, field);
        }
    }

    fn pose() -> impl Strategy<Value = Pose> {
        let number = || -1e6f64..1e6;
        (number(), number(), number(), number()).prop_map(|(x, y, heading_rad, lateral_deviation)| Pose {
            position: [x, y],
            heading_rad,
            lateral_deviation,
        })
    }

    fn road() -> impl Strategy<Value = Road> {
        let point = (-1e6f32..1e6, -1e6f32..1e6, 0.1f32..50.0, 0.1f32..50.0);
        (any::<u64>(), any::<bool>(), prop::collection::vec(point, 2..40)).prop_map(|(track, closed, points)| Road {
            track,
            closed,
            centre: points.iter().map(|point| [point.0, point.1]).collect(),
            half_widths: points.iter().map(|point| [point.2, point.3]).collect(),
        })
    }

    proptest! {
        #[test]
        fn info_survives_the_wire_bit_for_bit(lanes in prop::collection::vec((pose(), prop::option::of(road())), 1..9)) {
            let poses = lanes.iter().map(|lane| lane.0).collect();
            let roads = lanes.iter().enumerate();
            let roads = roads.filter_map(|(lane, (_, road))| road.clone().map(|road| LaneRoad { lane, road })).collect();
            let info = LaneInfo { poses, roads };
            prop_assert_eq!(read_info(&v1::LaneInfo::from(&info), lanes.len()).unwrap(), info);
        }

        #[test]
        fn any_bytes_are_info_or_an_error(poses in prop::collection::vec(any::<u8>(), 0..70), centre in prop::collection::vec(any::<u8>(), 0..40)) {
            let half_widths = centre.clone();
            let roads = vec![v1::LaneRoad { lane: 0, track: 0, closed: false, centre, half_widths }];
            if let Ok(info) = read_info(&v1::LaneInfo { poses, roads }, 2) {
                prop_assert_eq!((info.poses.len(), info.roads.len()), (2, 1));
            }
        }
    }
}
