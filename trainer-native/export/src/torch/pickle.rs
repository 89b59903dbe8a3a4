//! What a pickle says, without doing what it asks: a stack machine that knows the operations of plain
//! data, and of the functions that a pickle may call only those that make tensors.

use super::errors::damaged;
use genolewm_core::Result;
use genolewm_core::limits::{MAX_NESTING, MAX_PICKLE_OPERATIONS};
use std::rc::Rc;

/// A value. What can be changed after it was made lies in [`Pickle::dicts`], so that a copy is cheap and
/// no drop goes deep.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// None, a number that no caller asks for, or a list: kept for its place alone.
    Other,
    Int(i64),
    Text(Rc<str>),
    Tuple(Rc<Tuple>),
    Dict(usize),
    Global(Rc<str>),
    Storage(Rc<Storage>),
    Tensor(Rc<Tensor>),
}

#[derive(Debug)]
pub(super) struct Tuple {
    pub(super) items: Vec<Value>,
    depth: usize,
}

/// A file of numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Storage {
    /// The name of its type, such as `FloatStorage`.
    pub(super) kind: String,
    /// The name of its file.
    pub(super) key: String,
    /// How many numbers it holds.
    pub(super) numbers: usize,
}

/// A view of a storage.
#[derive(Debug)]
pub(super) struct Tensor {
    pub(super) storage: Rc<Storage>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// A pickle that was read.
#[derive(Debug)]
pub(super) struct Pickle {
    pub(super) value: Value,
    dicts: Vec<Vec<(Value, Value)>>,
}

impl Pickle {
    /// Reads a pickle.
    ///
    /// # Errors
    /// `DEPLOY.EXPORT_FORMAT` for one that is damaged, or asks for anything but data and tensors.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let mut machine = Machine {
            bytes,
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
            dicts: Vec::new(),
        };
        for _ in 0..MAX_PICKLE_OPERATIONS {
            if machine.step()? {
                let value = machine.pop()?;
                return Ok(Self {
                    value,
                    dicts: machine.dicts,
                });
            }
        }
        Err(damaged("it does more than is read").with_detail("most", MAX_PICKLE_OPERATIONS))
    }

    /// The entries of a dict; none for what is no dict.
    pub(super) fn entries(&self, value: &Value) -> &[(Value, Value)] {
        match value {
            Value::Dict(index) => self.dicts.get(*index).map_or(&[], Vec::as_slice),
            _ => &[],
        }
    }

    /// The entry of a dict by its key.
    pub(super) fn get(&self, value: &Value, key: &str) -> Option<&Value> {
        let named = |name: &Value| matches!(name, Value::Text(name) if &**name == key);
        let mut entries = self.entries(value).iter().rev();
        entries
            .find(|(name, _)| named(name))
            .map(|(_, value)| value)
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Vec<Option<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
}

impl Machine<'_> {
    /// One operation; `true` at the end.
    fn step(&mut self) -> Result<bool> {
        match self.byte()? {
            b'.' => return Ok(true),
            0x80 => drop(self.take(1)?),
            // A frame is a hint to readers of streams.
            0x95 => drop(self.take(8)?),
            b'(' => self.marks.push(self.stack.len()),
            b'N' | b']' | 0x88 | 0x89 => self.stack.push(Value::Other),
            b'G' => {
                self.take(8)?;
                self.stack.push(Value::Other);
            }
            b'K' => self.integer(1)?,
            b'M' => self.integer(2)?,
            b'J' => {
                let bytes = self.array::<4>()?;
                self.stack
                    .push(Value::Int(i32::from_le_bytes(bytes).into()));
            }
            0x8a => self.long()?,
            b'X' => self.text(4)?,
            0x8c => self.text(1)?,
            b'}' => self.dict(),
            b')' => self.tuple_of(0)?,
            0x85 => self.tuple_of(1)?,
            0x86 => self.tuple_of(2)?,
            0x87 => self.tuple_of(3)?,
            b't' => {
                let items = self.marked()?;
                self.tuple(items)?;
            }
            b'q' => {
                let slot = self.length(1)?;
                self.remember(slot)?;
            }
            b'r' => {
                let slot = self.length(4)?;
                self.remember(slot)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' => self.recall(1)?,
            b'j' => self.recall(4)?,
            b'c' => self.global()?,
            b'Q' => self.persistent()?,
            b'R' => self.call()?,
            // The state of an ordered dict, or of what is not looked at.
            b'b' => drop(self.pop()?),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value])?;
            }
            b'u' => {
                let items = self.marked()?;
                self.set(items)?;
            }
            b'a' => drop(self.pop()?),
            b'e' => drop(self.marked()?),
            other => {
                return Err(damaged("it has an operation that is not read")
                    .with_detail("operation", format!("{other:#04x}"))
                    .with_detail("at", self.at - 1));
            }
        }
        Ok(false)
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(count);
        let found = end.and_then(|end| self.bytes.get(self.at..end));
        let found = found.ok_or_else(|| damaged("it ends too early"))?;
        self.at += count;
        Ok(found)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    /// A number of so many bytes, at most four, least first.
    fn length(&mut self, bytes: usize) -> Result<usize> {
        let mut number = [0; 4];
        let taken = self.take(bytes)?;
        number
            .iter_mut()
            .zip(taken)
            .for_each(|(to, from)| *to = *from);
        Ok(u32::from_le_bytes(number) as usize)
    }

    fn integer(&mut self, bytes: usize) -> Result<()> {
        let number = self.length(bytes)?;
        self.stack.push(Value::Int(number as i64));
        Ok(())
    }

    /// A whole number of any length; one beyond 64 bits is no number that anybody asks for.
    fn long(&mut self) -> Result<()> {
        let length = self.length(1)?;
        let bytes = self.take(length)?;
        let mut wide = [bytes
            .last()
            .map_or(0, |last| if last & 0x80 == 0 { 0 } else { 0xff }); 8];
        let fits = bytes.len() <= wide.len();
        wide.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        self.stack.push(match fits {
            true => Value::Int(i64::from_le_bytes(wide)),
            false => Value::Other,
        });
        Ok(())
    }

    fn text(&mut self, bytes: usize) -> Result<()> {
        let length = self.length(bytes)?;
        let text = std::str::from_utf8(self.take(length)?);
        let text: Rc<str> = text
            .map_err(|_| damaged("it has a text that is none"))?
            .into();
        self.stack.push(Value::Text(text));
        Ok(())
    }

    fn dict(&mut self) {
        self.stack.push(Value::Dict(self.dicts.len()));
        self.dicts.push(Vec::new());
    }

    fn pop(&mut self) -> Result<Value> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let found = (self.stack.len() > floor)
            .then(|| self.stack.pop())
            .flatten();
        found.ok_or_else(|| damaged("it takes what is not there"))
    }

    /// What was pushed since the last mark.
    fn marked(&mut self) -> Result<Vec<Value>> {
        let mark = self.marks.pop();
        let mark = mark.ok_or_else(|| damaged("it ends what it has not begun"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }

    fn tuple_of(&mut self, count: usize) -> Result<()> {
        let mut items = Vec::with_capacity(count);
        for _ in 0..count {
            items.push(self.pop()?);
        }
        items.reverse();
        self.tuple(items)
    }

    fn tuple(&mut self, items: Vec<Value>) -> Result<()> {
        let depths = items.iter().map(|item| match item {
            Value::Tuple(tuple) => tuple.depth,
            _ => 0,
        });
        let depth = 1 + depths.max().unwrap_or(0);
        if depth > MAX_NESTING {
            return Err(damaged("it is nested too deep").with_detail("most", MAX_NESTING));
        }
        self.stack
            .push(Value::Tuple(Rc::new(Tuple { items, depth })));
        Ok(())
    }

    /// Keeps the last value under a number, which come in order.
    fn remember(&mut self, slot: usize) -> Result<()> {
        let value = self.stack.last().cloned();
        let value = value.ok_or_else(|| damaged("it keeps what is not there"))?;
        if slot > MAX_PICKLE_OPERATIONS {
            return Err(damaged("it keeps more than is read"));
        }
        if slot >= self.memo.len() {
            self.memo.resize(slot + 1, None);
        }
        self.memo[slot] = Some(value);
        Ok(())
    }

    fn recall(&mut self, bytes: usize) -> Result<()> {
        let slot = self.length(bytes)?;
        let value = self.memo.get(slot).cloned().flatten();
        let value = value.ok_or_else(|| damaged("it takes what it has not kept"))?;
        self.stack.push(value);
        Ok(())
    }

    /// The name of a class or function: module and name, a line each.
    fn global(&mut self) -> Result<()> {
        let mut parts = Vec::new();
        for _ in 0..2 {
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let length = rest.iter().position(|byte| *byte == b'\n');
            let length = length.ok_or_else(|| damaged("it ends too early"))?;
            parts.push(String::from_utf8_lossy(&rest[..length]).into_owned());
            self.at += length + 1;
        }
        self.stack.push(Value::Global(parts.join(".").into()));
        Ok(())
    }

    /// A storage: `("storage", type, key, place, numbers)`.
    fn persistent(&mut self) -> Result<()> {
        let id = self.pop()?;
        let Value::Tuple(id) = &id else {
            return Err(damaged("it names a part that is none"));
        };
        let [
            Value::Text(what),
            Value::Global(kind),
            Value::Text(key),
            _,
            Value::Int(numbers),
            ..,
        ] = id.items.as_slice()
        else {
            return Err(damaged("it names a part that is none"));
        };
        let numbers = usize::try_from(*numbers).ok();
        let numbers = numbers.filter(|_| &**what == "storage");
        let numbers = numbers.ok_or_else(|| damaged("it names a part that is none"))?;
        self.stack.push(Value::Storage(Rc::new(Storage {
            kind: kind.trim_start_matches("torch.").to_owned(),
            key: key.to_string(),
            numbers,
        })));
        Ok(())
    }

    /// Calls a function, if it is one of those that make plain data or tensors.
    fn call(&mut self) -> Result<()> {
        let (given, function) = (self.pop()?, self.pop()?);
        let (Value::Global(name), Value::Tuple(given)) = (&function, &given) else {
            return Err(damaged("it calls what is no function"));
        };
        match (&**name, given.items.as_slice()) {
            ("collections.OrderedDict", []) => {
                self.dict();
                Ok(())
            }
            ("torch._utils._rebuild_tensor_v2", [storage, offset, shape, strides, ..]) => {
                let tensor = tensor(storage, offset, shape, strides);
                let tensor = tensor.ok_or_else(|| damaged("it has a tensor that is none"))?;
                self.stack.push(Value::Tensor(Rc::new(tensor)));
                Ok(())
            }
            ("torch._utils._rebuild_parameter", [tensor, ..]) => {
                self.stack.push(tensor.clone());
                Ok(())
            }
            _ => Err(damaged("it would call a function, which is not done")
                .with_detail("function", name)
                .with_remedy(
                    "if the file is your own, save plain tensors and dicts; if not, do not load it \
                     elsewhere either",
                )),
        }
    }

    /// Adds keys and values, one after the other, to the dict below them.
    fn set(&mut self, items: Vec<Value>) -> Result<()> {
        let Some(Value::Dict(index)) = self.stack.last() else {
            return Err(damaged("it adds to what is no dict"));
        };
        let dict = self.dicts.get_mut(*index);
        let mut items = items.into_iter();
        if let Some(dict) = dict {
            while let (Some(key), Some(value)) = (items.next(), items.next()) {
                dict.push((key, value));
            }
        }
        Ok(())
    }
}

fn tensor(storage: &Value, offset: &Value, shape: &Value, strides: &Value) -> Option<Tensor> {
    let (Value::Storage(storage), Value::Int(offset)) = (storage, offset) else {
        return None;
    };
    Some(Tensor {
        storage: Rc::clone(storage),
        offset: usize::try_from(*offset).ok()?,
        shape: sizes(shape)?,
        strides: sizes(strides)?,
    })
}

fn sizes(value: &Value) -> Option<Vec<usize>> {
    let Value::Tuple(tuple) = value else {
        return None;
    };
    let size = |item: &Value| match item {
        Value::Int(size) => usize::try_from(*size).ok(),
        _ => None,
    };
    tuple.items.iter().map(size).collect()
}
