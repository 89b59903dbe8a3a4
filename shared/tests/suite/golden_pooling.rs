//! Pooling against the golden vectors.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{assert_close, cases, check_outcome, golden_json, numbers, text};
use genolewm_core::pooling::{PoolType, centered_mean, global_mean, pool_hidden_states, pool_span};
use genolewm_core::position::BpOffset;
use genolewm_core::state_contract::StateContract;
use genolewm_core::window::TOKEN_BP;

#[test]
fn golden_pooling() {
    for case in cases(&golden_json("pooling.json")) {
        let hidden: Vec<Vec<f64>> = cases(&case["hidden"]).iter().map(numbers).collect();
        let locus = case["edit_locus"].as_u64().map(BpOffset);
        let pool_type: PoolType = text(case, "pool_type").parse().expect("a pool type");
        let radius = case["pool_radius"].as_u64().expect("a radius") as usize;

        let pooled = pool_hidden_states(&hidden, locus, pool_type, radius, TOKEN_BP);
        check_outcome(case, pooled, |pooled, want| {
            let vector = numbers(&want["vector"]);
            assert_eq!(pooled.d_state(), vector.len());
            for (got, want) in pooled.vector.iter().zip(&vector) {
                assert_close(*got, *want, "a pooled value");
            }
            assert_eq!(pooled.pool_type.as_str(), want["pool_type"]);
            assert_eq!(pooled.pool_radius as u64, want["pool_radius"]);
            assert_eq!(pooled.untargeted, want["untargeted"]);
            assert_eq!(
                pooled.center_token.map(|token| token as u64),
                want["center_token"].as_u64()
            );
            assert_eq!(pooled.token_count as u64, want["token_count"]);

            let direct = match pooled.center_token {
                Some(token) => centered_mean(&hidden, token, radius),
                None => global_mean(&hidden),
            };
            assert_eq!(direct, Ok(pooled.vector));
        });
        check_outcome(
            case,
            pool_span(
                StateContract::RawV0_2_1,
                hidden.len(),
                locus,
                pool_type,
                radius,
            ),
            |span, want| {
                assert_eq!(
                    span.center_token.map(|token| token as u64),
                    want["center_token"].as_u64()
                );
                assert!(!span.is_empty() && span.last_row_exclusive <= hidden.len());
            },
        );
    }
}
