//! A small POSIX shell over the guest's files and programs: enough of the language for provisioners and checks,
//! so that commands nobody foresaw work as on a real machine.

mod arithmetic;
mod builtins;
mod expand;
mod launch;
mod lexer;
mod parser;
mod pattern;
mod redirect;
mod run;
mod streams;
mod syntax;
#[cfg(test)]
mod tests;
mod wrappers;

pub(crate) use launch::{PATH, SIMULATED};
pub(crate) use parser::{parse, split_words};
pub(crate) use run::{Shell, home};
pub(crate) use streams::{Input, Output, Streams};
pub(crate) use syntax::{CommandKind, Part, Script, Word};
