//! Planning distances and costs against the golden vectors.
#![allow(clippy::expect_used, clippy::panic)]

use crate::common::{assert_close, cases, golden_json, number, numbers, text};
use genolewm_core::edit::RelEdit;
use genolewm_core::planning::{
    DEFAULT_TYPE_COSTS, bp_cost, cosine_distance, count_cost, l2_distance, projection_distance,
    region_distance, weighted_type_cost,
};
use genolewm_core::position::BpOffset;

#[test]
fn golden_planning_distances() {
    for case in cases(&golden_json("planning.json")["distances"]) {
        let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
        let indices: Vec<usize> = cases(&case["indices"])
            .iter()
            .map(|i| i.as_u64().expect("an index") as usize)
            .collect();
        let projection: Vec<Vec<f64>> = cases(&case["projection"]).iter().map(numbers).collect();
        let got = [
            ("l2", l2_distance(&a, &b)),
            ("cosine", cosine_distance(&a, &b)),
            ("region", region_distance(&a, &b, &indices)),
            ("projected", projection_distance(&a, &b, &projection)),
        ];
        for (name, distance) in got {
            assert_close(distance.expect(name), number(case, name), name);
        }
    }
}

#[test]
fn golden_planning_costs() {
    for case in cases(&golden_json("planning.json")["costs"]) {
        let edits: Vec<RelEdit> = cases(&case["edits"])
            .iter()
            .map(|e| {
                let at = BpOffset(e["rel_pos"].as_u64().expect("an offset"));
                let edit = RelEdit::new(at, text(e, "ref"), text(e, "alt")).expect("an edit");
                assert_eq!(edit.edit_type().index() as u64, e["edit_type"], "{e}");
                edit
            })
            .collect();
        assert_close(count_cost(&edits), number(case, "count"), "count");
        assert_close(bp_cost(&edits).expect("bp"), number(case, "bp"), "bp");
        let weighted = weighted_type_cost(&edits, &DEFAULT_TYPE_COSTS).expect("weighted");
        assert_close(weighted, number(case, "weighted_type"), "weighted_type");
    }
}
