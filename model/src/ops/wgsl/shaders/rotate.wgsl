// Rotary embedding: column i of a head pairs with column i + head_width / 2.

struct Params {
    count: u32,
    columns: u32,
    head_width: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> cosines: array<f32>;
@group(0) @binding(4) var<storage, read> sines: array<f32>;

const GROUP: u32 = 256u;

@compute @workgroup_size(256)
fn rotate(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i >= params.count {
        return;
    }
    let half = params.head_width / 2u;
    let row = i / params.columns;
    let column = i % params.columns % params.head_width;
    let angle = row * half + column % half;
    let cosine = cosines[angle];
    let sine = sines[angle];
    if column < half {
        output[i] = x[i] * cosine - x[i + half] * sine;
    } else {
        output[i] = x[i] * cosine + x[i - half] * sine;
    }
}
