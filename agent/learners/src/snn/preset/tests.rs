use super::*;

#[test]
fn names_and_settings_are_valid() {
    for preset in Preset::ALL {
        assert_eq!(preset.name().parse(), Ok(preset));
        for rays in [3, 5, 7, 9] {
            assert_eq!(preset.for_rays(rays).validate(), Ok(()), "{preset}, {rays} rays");
        }
    }
    assert!("stpd".parse::<Preset>().unwrap_err().to_string().starts_with("\"stpd\" is no preset: use stdp, pathway"));
}

#[test]
fn a_hundred_neurons_suffice_for_any_number_of_rays() {
    let neurons = |preset: Preset| {
        [3, 5, 7, 9].map(|rays| {
            let config = preset.for_rays(rays);
            (config.sensory_neurons(), config.hidden_neurons, config.motor_neurons)
        })
    };
    assert_eq!(neurons(Preset::Stdp), [(69, 10, 21), (65, 14, 21), (64, 15, 21), (69, 10, 21)]);
    assert_eq!(neurons(Preset::Stdp), neurons(Preset::Pathway));
    assert_eq!(neurons(Preset::Spikeless), [(69, 0, 21), (65, 0, 21), (64, 0, 21), (69, 0, 21)]);
    assert_eq!(neurons(Preset::Memory), [(57, 13, 30), (62, 8, 30), (61, 9, 30), (66, 4, 30)]);
    assert_eq!(neurons(Preset::Strict), [(36, 36, 28), (38, 38, 24), (38, 38, 24), (39, 39, 22)]);
    assert_eq!(neurons(Preset::EProp), neurons(Preset::Strict));
    assert_eq!(neurons(Preset::StrictOwnSpike), neurons(Preset::Strict));
    assert_eq!(neurons(Preset::OwnSpike), [(48, 22, 30), (48, 22, 30), (45, 25, 30), (48, 22, 30)]);
    assert_eq!(neurons(Preset::Predictive), [(60, 0, 21), (60, 0, 21), (57, 0, 21), (60, 0, 21)]);
    assert_eq!(neurons(Preset::Frugal), [(78, 0, 3), (78, 0, 3), (73, 0, 3), (75, 0, 3)]);
}

#[test]
fn an_impossible_network_is_refused() {
    let text = |config: SnnConfig| config.validate().unwrap_err();
    let (stdp, strict) = (stdp(3), strict(3));
    assert!(text(SnnConfig { motor_neurons: 22, ..stdp }).contains("do not fit 100 neurons"));
    assert!(text(SnnConfig { motor_neurons: 2, ..stdp }).contains("three pools"));
    assert!(text(SnnConfig { ticks: 0, ..stdp }).contains("ticks: 0 is outside [1, 1000]"));
    assert!(text(SnnConfig { sleep: pathway(3).sleep, ..stdp }).contains("pre-count"));
    assert!(text(SnnConfig { readout: Readout::Vote, ..pathway(3) }).contains("readout pathway"));
    assert!(text(SnnConfig { hidden_neurons: 0, ..strict }).contains("there are none"));
    let code = |code: PopulationCode| text(SnnConfig { code, ..stdp });
    assert!(code(PopulationCode { cells_per_sensor: usize::MAX, ..stdp.code }).contains("do not fit"));
    assert!(code(PopulationCode { rays: 4, ..stdp.code }).contains("code.rays: 4 is impossible: use 3, 5, 7 or 9"));
    assert!(code(PopulationCode { cells_per_sensor: 1, ..stdp.code }).contains("at least 2 cells"));
}
