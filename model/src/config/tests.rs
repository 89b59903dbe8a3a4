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
        (config.window_bp, config.max_window_bp, config.tile_bp),
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
    for field in [
        "schema_version: 1.0.0\n",
        "model_id: e, ",
        ", state_layer: -1",
        "n_heads: 4",
    ] {
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
    config.tile_bp = Some(512);
    config.aggregation = Aggregation::Median;
    config.predictor.d_state = Some(128);
    config.action.d_action = Some(64);
    assert_eq!(ModelConfig::parse(&config.to_yaml()?)?, config);
    Ok(())
}

#[test]
fn a_window_of_half_a_billion_bases_aborted() {
    for key in ["window_bp", "max_window_bp", "tile_bp"] {
        for size in [
            "536870912",
            "1048577",
            "18446744073709551615",
            "0",
            "-1",
            "1e9",
        ] {
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
