use super::*;

const SMALLEST: &str = "schema_version: 1.0.0\nencoder: {model_id: e, state_layer: -1}\n\
                        predictor: {n_heads: 4}\n";

fn code(yaml: &str) -> ErrorCode {
    ModelConfig::parse(yaml).expect_err("a bad config").code()
}

#[test]
fn absent_keys_have_defaults() -> Result<()> {
    let config = ModelConfig::parse(SMALLEST)?;
    assert_eq!(config.encoder.state_layer, -1);
    assert_eq!(
        (config.encoder.pool_radius, config.encoder.normalize),
        (8, true)
    );
    assert_eq!(
        (
            config.window_bp,
            config.max_window_bp,
            config.window_stride_bp
        ),
        (12_288, 12_288, None)
    );
    Ok(())
}

#[test]
fn what_is_wrong_has_its_code() {
    assert_eq!(
        code(&format!("{SMALLEST}colour: red\n")),
        ErrorCode::ConfigUnknownTopLevelKey
    );
    let newer = SMALLEST.replace("1.0.0", "2.0.0");
    assert_eq!(code(&newer), ErrorCode::ConfigSchemaIncompat);
    assert_eq!(
        code(&SMALLEST.replace("1.0.0", "1.2.0")),
        ErrorCode::ConfigSchemaIncompat
    );
    for field in ["model_id: e, ", ", state_layer: -1", "n_heads: 4"] {
        assert_eq!(
            code(&SMALLEST.replace(field, "")),
            ErrorCode::ConfigMissingField,
            "{field}"
        );
    }
    assert_eq!(
        code(&SMALLEST.replace("n_heads: 4", "n_heads: four")),
        ErrorCode::ConfigGeneric
    );
    assert_eq!(
        code(&SMALLEST.replace("n_heads", "heads")),
        ErrorCode::ConfigGeneric
    );
    assert_eq!(
        code(&format!("{SMALLEST}window_bp: 0\n")),
        ErrorCode::ConfigGeneric
    );
    assert_eq!(
        code(&format!("{SMALLEST}aggregation: sum\n")),
        ErrorCode::ConfigGeneric
    );
    assert_eq!(code("- 1\n"), ErrorCode::ConfigGeneric);
    assert_eq!(code("a: [\n"), ErrorCode::ConfigGeneric);
}

#[test]
fn what_is_written_reads_back() -> Result<()> {
    let mut config = ModelConfig::parse(SMALLEST)?;
    assert_eq!(ModelConfig::parse(&config.to_yaml()?)?, config);
    assert!(!config.to_yaml()?.contains("window_bp"));
    config.window_bp = 4096;
    config.max_window_bp = 4096;
    config.window_stride_bp = Some(512);
    config.views = "+0,+2,-4".parse()?;
    config.aggregation = Aggregation::Median;
    config.predictor.d_state = Some(128);
    config.action.d_action = Some(64);
    assert_eq!(ModelConfig::parse(&config.to_yaml()?)?, config);
    Ok(())
}

#[test]
fn a_grid_of_windows_has_an_old_name() -> Result<()> {
    let stride = |yaml: &str| {
        let config = ModelConfig::parse(&format!("{SMALLEST}{yaml}\n"))?;
        assert!(!config.to_yaml()?.contains("tile_bp"));
        Ok::<_, Error>(config.window_stride_bp)
    };
    assert_eq!(stride("tile_bp: 96")?, Some(96));
    assert_eq!(stride("window_stride_bp: 96")?, Some(96));
    assert_eq!(stride("window_stride_bp: 96\ntile_bp: 96")?, Some(96));
    assert_eq!(stride("window_stride_bp: 0")?, None);
    for wrong in [
        "window_stride_bp: 96\ntile_bp: 97",
        "window_bp: 480\nwindow_stride_bp: 121",
        "views: []",
        "views: [\"+6\"]",
        "views: [\"+0\", \"+0\"]",
        "views: \"+0\"",
    ] {
        assert_eq!(
            code(&format!("{SMALLEST}{wrong}\n")),
            ErrorCode::ConfigGeneric,
            "{wrong}"
        );
    }
    Ok(())
}

#[test]
fn a_window_of_half_a_billion_bases_aborted() {
    for key in ["window_bp", "max_window_bp", "tile_bp", "window_stride_bp"] {
        for size in [
            "536870912",
            "1048577",
            "18446744073709551615",
            "0",
            "-1",
            "1e9",
        ] {
            // No grid at all.
            if size == "0" && ["tile_bp", "window_stride_bp"].contains(&key) {
                continue;
            }
            let yaml = format!("{SMALLEST}{key}: {size}\n");
            assert_eq!(code(&yaml), ErrorCode::ConfigGeneric, "{key}: {size}");
        }
    }
    for (from, to) in [
        ("n_heads: 4", "n_heads: 1000000000"),
        ("n_heads: 4", "n_heads: 4, d_state: 99999999999"),
        (
            "state_layer: -1",
            "state_layer: -1, pool_radius: 4294967296",
        ),
    ] {
        assert_eq!(
            code(&SMALLEST.replace(from, to)),
            ErrorCode::ConfigGeneric,
            "{to}"
        );
    }
}

/// What this program's version 0.2.0 wrote for a model with windows of 12,288 bp.
const WRITTEN_BY_0_2_0: &str = "action:
  d_action: 64
encoder:
  model_id: encoder
  revision: main
  state_layer: -1
  pool_type: centered_mean
  pool_radius: 8
  normalize: true
  dtype: fp16
predictor:
  n_heads: 4
  d_action: 64
  dtype: fp16
schema_version: 1.0.0
seed: 0
";

fn contract(yaml: &str) -> StateContract {
    ModelConfig::parse(yaml).expect("a config").encoder.contract
}

#[test]
fn a_model_of_0_2_1_was_normalised() {
    assert_eq!(contract(SMALLEST), StateContract::RawV0_2_1);
    // To the letter: another order of keys is another writer's.
    let python = "schema_version: 1.0.0\n".to_owned()
        + &WRITTEN_BY_0_2_0.replace("schema_version: 1.0.0\n", "");
    assert_eq!(contract(&python), StateContract::RawV0_2_1);
    let raw = WRITTEN_BY_0_2_0.replace("normalize: true", "normalize: false");
    assert_eq!(contract(&raw), StateContract::RawV0_2_1);
}

#[test]
fn what_this_program_trained_keeps_its_rule_under_its_name() -> Result<()> {
    let old = StateContract::L2OldRowV0_2_0;
    assert_eq!(contract(WRITTEN_BY_0_2_0), old);
    assert_eq!(contract(&format!("{SMALLEST}window_bp: 4096\n")), old);
    let builtin_0_2_0 =
        include_str!("../../../tests/fixtures/contracts/builtin_0_2_0/train_config.yaml");
    assert_eq!(contract(builtin_0_2_0), old);
    let again = ModelConfig::parse(builtin_0_2_0)?.to_yaml()?;
    assert!(again.contains("state_contract_version: l2_old_row_v0_2_0"));
    assert_eq!(
        ModelConfig::parse(&again)?,
        ModelConfig::parse(builtin_0_2_0)?
    );
    Ok(())
}

#[test]
fn contracts_are_named_by_the_newer_schema() {
    let newer = SMALLEST.replace("1.0.0", "1.1.0");
    assert_eq!(contract(&newer), StateContract::L2NormalizedV2);
    let unsaid = SMALLEST.replace("schema_version: 1.0.0\n", "");
    assert_eq!(contract(&unsaid), StateContract::L2NormalizedV2);
    for &named in StateContract::ALL {
        let key = format!("state_layer: -1, state_contract_version: {named}");
        assert_eq!(contract(&newer.replace("state_layer: -1", &key)), named);
    }
    let legacy = "state_layer: -1, normalize: true, state_contract_version: legacy_raw_v1";
    let legacy = SMALLEST.replace("state_layer: -1", legacy);
    assert_eq!(contract(&legacy), StateContract::LegacyRawV1);
}

#[test]
fn traps_between_contracts_are_refused() {
    let newer = SMALLEST.replace("1.0.0", "1.1.0");
    for (yaml, keys) in [
        (SMALLEST, "state_contract_version: l2_normalized_v2"),
        (&*newer, "normalize: false"),
        (&*newer, "pool_type: global_mean"),
        (
            &*newer,
            "pool_type: global_mean, pool_radius: 8, state_contract_version: legacy_raw_v1",
        ),
        (
            &*newer,
            "normalize: false, state_contract_version: l2_old_row_v0_2_0",
        ),
        (&*newer, "state_contract_version: l2_normalized_v3"),
        (&*newer, "state_contract_version: 2"),
    ] {
        let yaml = yaml.replace("state_layer: -1", &format!("state_layer: -1, {keys}"));
        assert_eq!(code(&yaml), ErrorCode::ConfigGeneric, "{keys}");
    }
    let global = "state_layer: -1, pool_type: global_mean";
    assert_eq!(
        contract(&SMALLEST.replace("state_layer: -1", global)),
        StateContract::RawV0_2_1
    );
    let global = newer.replace("state_layer: -1", &format!("{global}, pool_radius: 0"));
    assert_eq!(contract(&global), StateContract::L2NormalizedV2);
}
