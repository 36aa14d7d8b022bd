//! Puts one value together. Keeps its own stack instead of recursing, because a value may stop at the end of a message
//! and go on in the next one (PROTOCOL section 5.3): the work done so far is neither lost nor repeated.

use std::sync::Arc;

use super::{
    definition::{BOOL, BYTES, COMPLEX, Definition, FLOAT, INT, INTERFACE, STRING, Shape, TypeTable, UINT},
    error::DecodeError,
    limits::{Budget, Limits},
    primitive::Input,
    value::Value,
};

/// Go refuses longer registered names.
const LONGEST_NAME: usize = 1024;
/// Elements to reserve room for on the strength of a mere claim.
const CREDIT: usize = 64;

/// A value being read.
#[derive(Debug)]
pub(super) struct Assembly {
    type_id: i64,
    stack: Vec<Frame>,
    started: bool,
    concrete_types: Vec<i64>,
    budget: Budget,
    max_depth: usize,
}

pub(super) enum Progress {
    Complete(Value),
    /// The value goes on in the next message.
    NeedMessage,
}

/// A container that is not complete yet.
#[derive(Debug)]
enum Frame {
    Struct { definition: Arc<Definition>, field: Option<usize>, fields: Vec<(String, Value)> },
    Sequence { elem: i64, claimed: usize, items: Vec<Value> },
    Map { key: i64, elem: i64, claimed: usize, pending: Option<Value>, pairs: Vec<(Value, Value)> },
    Interface { name: String },
}

impl Assembly {
    pub(super) fn new(type_id: i64, limits: Limits) -> Self {
        Self {
            type_id,
            stack: Vec::new(),
            started: false,
            concrete_types: Vec::new(),
            budget: Budget::new(limits),
            max_depth: limits.max_depth,
        }
    }

    /// The type id of the value, and those of the interfaces in it.
    pub(super) fn into_types(self) -> (i64, Vec<i64>) {
        (self.type_id, self.concrete_types)
    }

    pub(super) fn run(
        &mut self,
        input: &mut Input<'_>,
        types: &mut TypeTable,
        definitions: &mut Vec<Arc<Definition>>,
    ) -> Result<Progress, DecodeError> {
        let mut done = match std::mem::replace(&mut self.started, true) {
            false => self.framed(self.type_id, input, types)?,
            true => None,
        };
        loop {
            if let Some(value) = done.take() {
                match self.stack.last_mut() {
                    None => return Ok(Progress::Complete(value)),
                    Some(frame) => done = frame.accept(value),
                }
                if done.is_some() {
                    self.stack.pop();
                }
                continue;
            }
            let Some(frame) = self.stack.last_mut() else {
                // Unreachable: without a value there is an open frame.
                return Ok(Progress::NeedMessage);
            };
            done = match frame.wanted(input, &mut self.budget)? {
                Wanted::Part(id) => self.part(id, input, types)?,
                Wanted::Nothing => self.stack.pop().map(Frame::finish),
                Wanted::Concrete => match concrete_type(input, types, definitions)? {
                    None => return Ok(Progress::NeedMessage),
                    Some(id) => {
                        self.concrete_types.push(id);
                        self.framed(id, input, types)?
                    }
                },
            };
        }
    }

    /// Begins a value as it stands at top level and in an interface: anything but a struct comes after a zero.
    fn framed(
        &mut self,
        id: i64,
        input: &mut Input<'_>,
        types: &TypeTable,
    ) -> Result<Option<Value>, DecodeError> {
        let is_struct = id > INTERFACE && matches!(types.find(id)?.shape, Shape::Struct { .. });
        if !is_struct && input.uint("a value")? != 0 {
            return Err(DecodeError::SingletonDelta);
        }
        self.part(id, input, types)
    }

    /// Begins a value of type `id`. Returns it if it is complete, otherwise its frame is on the stack.
    fn part(
        &mut self,
        id: i64,
        input: &mut Input<'_>,
        types: &TypeTable,
    ) -> Result<Option<Value>, DecodeError> {
        self.budget.take(size_of::<Value>())?;
        let value = match id {
            BOOL => Value::Bool(input.uint("bool")? != 0),
            INT => Value::Int(input.int("int")?),
            UINT => Value::Uint(input.uint("uint")?),
            FLOAT => Value::Float(input.float("float")?),
            COMPLEX => Value::Complex(input.float("complex")?, input.float("complex")?),
            BYTES => self.bytes(input)?,
            STRING => Value::String(self.string("string", input)?),
            INTERFACE => {
                let name = self.string("type name", input)?;
                if !name.is_empty() {
                    if name.len() > LONGEST_NAME {
                        return Err(DecodeError::NameTooLong { length: name.len() });
                    }
                    self.budget.take(size_of::<(String, Value)>() + size_of::<i64>())?;
                    return self.open(Frame::Interface { name });
                }
                Value::Interface(None)
            }
            _ => return self.defined(types.find(id)?, input),
        };
        Ok(Some(value))
    }

    fn defined(
        &mut self,
        definition: &Arc<Definition>,
        input: &mut Input<'_>,
    ) -> Result<Option<Value>, DecodeError> {
        match definition.shape {
            Shape::GobEncoder | Shape::BinaryMarshaler | Shape::TextMarshaler => self.bytes(input).map(Some),
            Shape::Struct { .. } => self.open(Frame::Struct {
                definition: Arc::clone(definition),
                field: None,
                fields: Vec::new(),
            }),
            Shape::Slice { elem } => {
                let claimed = self.count(input)?;
                self.open(Frame::Sequence { elem, claimed, items: Vec::with_capacity(claimed.min(CREDIT)) })
            }
            Shape::Array { elem, len } => {
                let claimed = self.count(input)?;
                if i64::try_from(claimed) != Ok(len) {
                    return Err(DecodeError::ArrayLength);
                }
                self.open(Frame::Sequence { elem, claimed, items: Vec::with_capacity(claimed.min(CREDIT)) })
            }
            Shape::Map { key, elem } => {
                let claimed = self.count(input)?;
                let pairs = Vec::with_capacity(claimed.min(CREDIT));
                self.open(Frame::Map { key, elem, claimed, pending: None, pairs })
            }
        }
    }

    fn open(&mut self, frame: Frame) -> Result<Option<Value>, DecodeError> {
        if self.stack.len() >= self.max_depth {
            return Err(DecodeError::TooDeep { limit: self.max_depth });
        }
        self.stack.push(frame);
        Ok(None)
    }

    fn count(&self, input: &mut Input<'_>) -> Result<usize, DecodeError> {
        self.budget.check_count(input.uint("a count")?)
    }

    fn bytes(&mut self, input: &mut Input<'_>) -> Result<Value, DecodeError> {
        let bytes = input.bytes("slice")?;
        self.budget.take(bytes.len())?;
        Ok(Value::Bytes(bytes.to_vec()))
    }

    fn string(&mut self, what: &'static str, input: &mut Input<'_>) -> Result<String, DecodeError> {
        let text = input.string(what)?;
        self.budget.take(text.len())?;
        Ok(text)
    }
}

enum Wanted {
    /// A value of this type.
    Part(i64),
    /// The type of the interface's value, then that value.
    Concrete,
    /// The container is complete.
    Nothing,
}

impl Frame {
    fn wanted(&mut self, input: &mut Input<'_>, budget: &mut Budget) -> Result<Wanted, DecodeError> {
        match self {
            Self::Interface { .. } => Ok(Wanted::Concrete),
            Self::Struct { definition, field, .. } => {
                let Shape::Struct { fields } = &definition.shape else {
                    return Ok(Wanted::Nothing);
                };
                let Some(number) = input.next_field(*field, fields.len())? else {
                    return Ok(Wanted::Nothing);
                };
                *field = Some(number);
                let (name, id) = &fields[number];
                budget.take(size_of::<String>() + name.len())?;
                Ok(Wanted::Part(*id))
            }
            Self::Sequence { elem, claimed, items } => match items.len() < *claimed {
                true => element(*elem, *claimed, input),
                false => Ok(Wanted::Nothing),
            },
            Self::Map { key, elem, claimed, pending, pairs } => match (pairs.len() < *claimed, pending) {
                (false, _) => Ok(Wanted::Nothing),
                (true, None) => element(*key, *claimed, input),
                (true, Some(_)) => element(*elem, *claimed, input),
            },
        }
    }

    /// Takes a part. Returns the whole if the part completes it: then the frame is done for.
    fn accept(&mut self, value: Value) -> Option<Value> {
        match self {
            Self::Interface { name } => return Some(Value::interface(std::mem::take(name), value)),
            Self::Struct { definition, field, fields } => {
                if let (Shape::Struct { fields: names }, Some(number)) = (&definition.shape, *field) {
                    fields.push((names[number].0.clone(), value));
                }
            }
            Self::Sequence { items, .. } => items.push(value),
            Self::Map { pending, pairs, .. } => match pending.take() {
                None => *pending = Some(value),
                Some(key) => pairs.push((key, value)),
            },
        }
        None
    }

    fn finish(self) -> Value {
        match self {
            Self::Struct { fields, .. } => Value::Struct(fields),
            Self::Sequence { items, .. } => Value::Slice(items),
            Self::Map { pairs, .. } => Value::Map(pairs),
            Self::Interface { .. } => Value::Interface(None),
        }
    }
}

/// An element needs input: a struct at the end of a message takes none, and so could be claimed any number of times.
fn element(id: i64, claimed: usize, input: &Input<'_>) -> Result<Wanted, DecodeError> {
    match input.left() {
        0 => Err(DecodeError::CountExceedsInput { claimed: claimed as u64 }),
        _ => Ok(Wanted::Part(id)),
    }
}

/// Reads the type id of an interface's value, and the definitions before it; `None` at the end of the message.
fn concrete_type(
    input: &mut Input<'_>,
    types: &mut TypeTable,
    definitions: &mut Vec<Arc<Definition>>,
) -> Result<Option<i64>, DecodeError> {
    while input.left() > 0 {
        let offset = input.position();
        let id = input.int("a type id")?;
        if id >= 0 {
            // The length of the value, which counts pieces and not the value if definitions are inside.
            input.uint("the length of an interface value")?;
            return Ok(Some(id));
        }
        definitions.push(types.define(id.wrapping_neg(), input, offset, true)?);
        if input.left() > 0 {
            input.uint("the length of an interface value")?;
        }
    }
    Ok(None)
}
