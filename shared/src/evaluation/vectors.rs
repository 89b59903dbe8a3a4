//! Rows that numpy, scipy and scikit-learn were given too; ties included.

pub(super) const LABELS: [bool; 24] = [
    true, false, false, true, true, false, true, false, false, true, false, true, true, false,
    false, false, true, false, true, false, false, true, false, false,
];

pub(super) const SCORES_A: [f64; 24] = [
    0.7, 0.5, 0.4, 0.4, 0.5, 0.2, 0.7, 0.8, 0.3, 0.5, 0.6, 0.7, 0.7, 0.2, 0.4, 0.6, 0.3, 0.3, 0.2,
    0.1, 0.0, 0.6, 0.1, 0.5,
];

pub(super) const SCORES_B: [f64; 24] = [
    0.59, 0.4, 0.0, 0.42, 0.54, 0.48, 0.17, 0.33, 0.21, 0.35, 0.72, 0.35, 0.54, 0.67, 0.3, 0.42,
    0.58, 0.47, 0.24, 0.47, 0.79, 0.16, 0.66, 0.48,
];

pub(super) const SCORES_C: [f64; 24] = [
    -29.074, 103.021, 41.113, -56.964, 6.726, 31.834, -6.439, 37.146, -0.326, 36.362, 74.926,
    -30.783, 13.157, -20.165, 9.363, -56.36, -25.965, -6.81, 47.938, 60.261, -63.176, -36.732,
    35.345, -96.621,
];
