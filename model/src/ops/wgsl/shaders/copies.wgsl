// Values that move and do not change.

struct Params {
    count: u32,
    columns: u32,
    // Of `place_columns`: columns of the result, and the first that is written.
    output_columns: u32,
    first_column: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;

const GROUP: u32 = 256u;

@compute @workgroup_size(256)
fn gather(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        output[i] = x[ids[i / params.columns] * params.columns + i % params.columns];
    }
}

@compute @workgroup_size(256)
fn place_columns(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = group_index(group, groups) * GROUP + local;
    if i < params.count {
        let first = i / params.columns * params.output_columns + params.first_column;
        output[first + i % params.columns] = x[i];
    }
}
