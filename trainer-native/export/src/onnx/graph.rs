//! An ONNX graph in the making: every method adds nodes and returns the value that they compute.

use super::proto::{
    AttributeProto, AttributeType, DataType, Dimension, DimensionProto, GraphProto, NodeProto,
    TensorProto, TensorShapeProto, TensorTypeProto, TypeProto, ValueInfoProto,
};

/// The name of a value: an input, a constant or the output of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value(String);

/// A size of an input or output.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// Known when the file is written.
    Fixed(usize),
    /// The caller's choice, under a name: equal names are equal sizes.
    Free(&'static str),
}

/// What a caller gives or gets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Port<'a> {
    pub name: &'static str,
    pub kind: DataType,
    pub shape: &'a [Size],
    pub doc: &'static str,
}

/// A setting of a node.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attribute<'a> {
    Float(&'static str, f32),
    Int(&'static str, i64),
    Ints(&'static str, &'a [i64]),
    Text(&'static str, &'static str),
}

/// Nodes, constants, inputs and outputs. Names are counted, so that the same calls make the same
/// bytes.
#[derive(Debug, Default)]
pub(super) struct OnnxGraph {
    proto: GraphProto,
}

impl OnnxGraph {
    pub(super) fn new(name: &str) -> Self {
        Self {
            proto: GraphProto {
                name: Some(name.to_owned()),
                ..GraphProto::default()
            },
        }
    }

    pub(super) fn input(&mut self, port: Port<'_>) -> Value {
        self.proto.input.push(port.proto());
        Value(port.name.to_owned())
    }

    /// Gives `value` the port's name and hands it to the caller.
    pub(super) fn output(&mut self, value: &Value, port: Port<'_>) {
        self.proto.output.push(port.proto());
        self.proto.node.push(NodeProto {
            input: vec![value.0.clone()],
            output: vec![port.name.to_owned()],
            name: Some(format!("Identity_{}", port.name)),
            op_type: Some("Identity".to_owned()),
            attribute: Vec::new(),
        });
    }

    /// A node with one output.
    pub(super) fn op(
        &mut self,
        kind: &str,
        inputs: &[&Value],
        attributes: &[Attribute<'_>],
    ) -> Value {
        let name = format!("{kind}_{}", self.proto.node.len());
        self.proto.node.push(NodeProto {
            input: inputs.iter().map(|value| value.0.clone()).collect(),
            output: vec![name.clone()],
            name: Some(name.clone()),
            op_type: Some(kind.to_owned()),
            attribute: attributes.iter().map(Attribute::proto).collect(),
        });
        Value(name)
    }

    /// A constant under a name of its own, as weights have.
    pub(super) fn tensor(&mut self, name: &str, shape: &[usize], values: &[f32]) -> Value {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.constant(name.to_owned(), shape, DataType::Float, bytes.collect())
    }

    /// A constant without dimensions.
    pub(super) fn scalar(&mut self, value: f32) -> Value {
        let name = self.next_constant();
        self.tensor(&name, &[], &[value])
    }

    /// Integers in a list: axes and shapes.
    pub(super) fn ints(&mut self, values: &[i64]) -> Value {
        let name = self.next_constant();
        let bytes = values.iter().flat_map(|value| value.to_le_bytes());
        self.constant(name, &[values.len()], DataType::Int64, bytes.collect())
    }

    /// An integer without dimensions.
    pub(super) fn int(&mut self, value: i64) -> Value {
        let name = self.next_constant();
        self.constant(name, &[], DataType::Int64, value.to_le_bytes().to_vec())
    }

    /// `x` with new axes of size 1 at the given places of the result.
    pub(super) fn unsqueeze(&mut self, x: &Value, axes: &[i64]) -> Value {
        let axes = self.ints(axes);
        self.op("Unsqueeze", &[x, &axes], &[])
    }

    /// `x` with the given shape; 0 keeps a size, -1 takes what is left.
    pub(super) fn reshape(&mut self, x: &Value, shape: &[i64]) -> Value {
        let shape = self.ints(shape);
        self.op("Reshape", &[x, &shape], &[])
    }

    /// `x` with its axes in another order.
    pub(super) fn transpose(&mut self, x: &Value, order: [i64; 4]) -> Value {
        self.op("Transpose", &[x], &[Attribute::Ints("perm", &order)])
    }

    pub(super) fn add(&mut self, a: &Value, b: &Value) -> Value {
        self.op("Add", &[a, b], &[])
    }

    pub(super) fn concat(&mut self, parts: &[&Value], axis: i64) -> Value {
        self.op("Concat", parts, &[Attribute::Int("axis", axis)])
    }

    /// The graph as a message.
    pub(super) fn into_proto(self) -> GraphProto {
        self.proto
    }

    fn next_constant(&self) -> String {
        format!("constant_{}", self.proto.initializer.len())
    }

    fn constant(&mut self, name: String, shape: &[usize], kind: DataType, raw: Vec<u8>) -> Value {
        self.proto.initializer.push(TensorProto {
            dims: shape.iter().map(|&size| size as i64).collect(),
            data_type: Some(kind as i32),
            name: Some(name.clone()),
            raw_data: Some(raw),
        });
        Value(name)
    }
}

impl Port<'_> {
    fn proto(&self) -> ValueInfoProto {
        let dimension = |size: &Size| DimensionProto {
            value: Some(match *size {
                Size::Fixed(size) => Dimension::Fixed(size as i64),
                Size::Free(name) => Dimension::Named(name.to_owned()),
            }),
        };
        ValueInfoProto {
            name: Some(self.name.to_owned()),
            r#type: Some(TypeProto {
                tensor_type: Some(TensorTypeProto {
                    elem_type: Some(self.kind as i32),
                    shape: Some(TensorShapeProto {
                        dim: self.shape.iter().map(dimension).collect(),
                    }),
                }),
            }),
            doc_string: Some(self.doc.to_owned()),
        }
    }
}

impl Attribute<'_> {
    fn proto(&self) -> AttributeProto {
        let named = |name: &str, kind: AttributeType| AttributeProto {
            name: Some(name.to_owned()),
            r#type: Some(kind as i32),
            ..AttributeProto::default()
        };
        match *self {
            Self::Float(name, value) => AttributeProto {
                f: Some(value),
                ..named(name, AttributeType::Float)
            },
            Self::Int(name, value) => AttributeProto {
                i: Some(value),
                ..named(name, AttributeType::Int)
            },
            Self::Ints(name, values) => AttributeProto {
                ints: values.to_vec(),
                ..named(name, AttributeType::Ints)
            },
            Self::Text(name, value) => AttributeProto {
                s: Some(value.as_bytes().to_vec()),
                ..named(name, AttributeType::String)
            },
        }
    }
}
