// Workgroups are counted along two axes, since one axis takes 65,535 of them at most.
fn group_index(group: vec3<u32>, groups: vec3<u32>) -> u32 {
    return group.y * groups.x + group.x;
}

// e^x for x <= 0 to 2 units in the last place: a power of two times a polynomial on
// [-ln 2 / 2, ln 2 / 2] (Cephes' expf). The built-in exp may be off by 2 |x| units. What is no number
// stays none: told by its bits, since max and comparisons of WGSL may do anything with it.
fn exp_down(x: vec4<f32>) -> vec4<f32> {
    let bounded = max(x, vec4<f32>(-87.0));
    let n = round(bounded * 1.44269504);
    let r = (bounded - n * 0.693359375) + n * 2.12194440e-4;
    var p = vec4<f32>(1.9875691500e-4);
    p = p * r + 1.3981999507e-3;
    p = p * r + 8.3334519073e-3;
    p = p * r + 4.1665795894e-2;
    p = p * r + 1.6666665459e-1;
    p = p * r + 5.0000001201e-1;
    p = p * r * r + r + 1.0;
    let power = p * bitcast<vec4<f32>>(vec4<u32>(vec4<i32>(n) + 127) << vec4<u32>(23u));
    let magnitude = bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu);
    return select(power, x, magnitude > vec4<u32>(0x7f800000u));
}

fn exp_down_one(x: f32) -> f32 {
    return exp_down(vec4<f32>(x)).x;
}
