// One invocation computes one value.

struct Params {
    count: u32,
    columns: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> a: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;

const GROUP: u32 = 256u;

@compute @workgroup_size(256)
fn add(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        output[i] = a[i] + b[i];
    }
}

@compute @workgroup_size(256)
fn add_row(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        output[i] = a[i] + b[i % params.columns];
    }
}

@compute @workgroup_size(256)
fn scale_rows(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        output[i] = a[i] * b[i / params.columns];
    }
}

@compute @workgroup_size(256)
fn silu_gate(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        // The logistic function from e^-|x|, which does not overflow.
        let x = a[i];
        let e = exp_down_one(-abs(x));
        output[i] = x * select(e, 1.0, x >= 0.0) / (1.0 + e) * b[i];
    }
}

// The complementary error function of x >= 0, to 1.2e-7 of its value: Chebyshev coefficients of
// Press et al., Numerical Recipes, section 6.2.
fn erfc_up(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.5 * x);
    var p = 0.17087277;
    p = p * t - 0.82215223;
    p = p * t + 1.48851587;
    p = p * t - 1.13520398;
    p = p * t + 0.27886807;
    p = p * t - 0.18628806;
    p = p * t + 0.09678418;
    p = p * t + 0.37409196;
    p = p * t + 1.00002368;
    p = p * t - 1.26551223;
    return t * exp_down_one(min(p - x * x, 0.0));
}

@compute @workgroup_size(256)
fn gelu(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        let x = a[i];
        let tail = erfc_up(abs(x) * 0.70710678);
        output[i] = 0.5 * x * select(tail, 2.0 - tail, x >= 0.0);
    }
}
