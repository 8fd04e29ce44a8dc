//! What all functions of a bridge share.
//!
//! Theory of operation. The memory begins with the *return areas* of strings that the host gives, the *mailbox*, and
//! what is *called*; then comes a *slot* of 8 bytes for each flat parameter of the call, and then the *arena*, where
//! whatever crosses is allocated one behind the other; TOP is its end. At a call the guest's arguments are there already.
//! Everything up to TOP is the *frame*, which the host gets as a string of latin1. Its reply is written to TOP, which is called BASE from then on: the reply
//! knows where it lies, so that it can hold addresses. It begins with four u32, a status and A, B, C:
//!
//! - 0, done. The result is at A as the canonical ABI stores it, but for resources: at B are C *fix-ups* (address,
//!   resource), each an address where the host has left what it knows the resource by, and where its handle belongs.
//! - 1, wait. At A stands the number of a task, B digits; once it is ready, the reply to `finish` with C counts.
//! - 2, resolve. At B are C *triples* (resource, handle, 0) for resources of the bridge that the guest gives back. What
//!   the host knows them by is put into the third place, the triples are passed to `resolved`, whose reply counts,
//!   and the handles are dropped when all is done.
//!
//! - 3, long. The whole reply has A bytes, for which there has to be room at BASE: `fill` writes it there. Where the host
//!   does not see the memory it is the reply to `finish` with C.
//!
//! The host may *see* the memory: it reads the frame and writes the reply by itself, and nothing crosses as a string.
//! `look` finds that out as an adapter does (`shared_memory` of the WASI adapter): at the third call, since many an
//! instance makes one or two, or when the first long frame or reply is to cross.
//!
//! Whatever else the host says is a trap. After the call the arena is empty again.

use super::assembly::{CALLS, SIGHT, TOP};
use crate::core_module::{CoreModule, at};
use std::collections::BTreeMap;
use wasm_encoder::{BlockType, InstructionSink, ValType};

/// Where the first slot is.
pub const SLOTS: u32 = 80;
/// Where the arena begins: behind the slots, and where addresses are ASCII, so that short frames cross as they are.
pub const ARENA: i32 = 256;

/// The return area of replies.
pub const REPLY: i32 = 0;
/// The return area of what `wait` returns, which says nothing new.
const WAITED: i32 = 8;
/// Where the challenge stands, and the answer behind it.
const MAILBOX: i32 = 24;
const CHALLENGE_SIZE: i32 = 32;
/// What is called: the function, BASE, and, when the host sees the memory, its pages.
pub const CALLED: u32 = 64;

/// What `SIGHT` may be, besides 0.
const SEEN: i32 = 1;
const HIDDEN: i32 = 2;
/// Frames that are long.
const LONG_FRAME: i32 = 4096;
/// The call at which the host is asked to look.
const LOOK_AT: i32 = 3;

/// No address in the arena is above this, nor is one that is rounded up to 8.
const HIGHEST: i64 = 0xffff_fff8;

const STATUS: u32 = 0;
const A: u32 = 4;
const B: u32 = 8;
const C: u32 = 12;
const HEADER: i32 = 16;

const DONE: i32 = 0;
const WAIT: i32 = 1;
const RESOLVE: i32 = 2;
const LONG: i32 = 3;

const FIXUP: i32 = 8;
const TRIPLE: i32 = 12;

/// What a bridge imports, as functions of its module.
#[derive(Default)]
pub struct Imported {
    pub call: u32,
    pub finish: u32,
    pub wait: u32,
    pub enter: u32,
    pub fill: u32,
    pub challenge: u32,
    pub locate: u32,
    /// For bridges that own resources can be given back to.
    pub resolved: Option<u32>,
    /// By resource, those that are needed.
    pub news: BTreeMap<usize, u32>,
    pub reps: BTreeMap<usize, u32>,
    pub drops: BTreeMap<usize, u32>,
}

/// `cabi_realloc`: a block at the end of the arena grows and shrinks in place.
pub fn realloc(assembly: &mut CoreModule) -> u32 {
    let (old, old_size, align, size, block, end) = (0, 1, 2, 3, 4, 5);
    let locals = [ValType::I32, ValType::I64];
    assembly.define(&[ValType::I32; 4], &[ValType::I32], &locals, |code| {
        code.local_get(old).i64_extend_i32_u();
        code.local_get(old_size).i64_extend_i32_u().i64_add();
        code.global_get(TOP).i64_extend_i32_u().i64_eq();
        code.if_(BlockType::Empty);
        code.local_get(old).local_set(block);
        code.else_();
        code.local_get(size).local_get(old_size).i32_le_u();
        code.local_get(old_size).i32_const(0).i32_ne().i32_and();
        code.if_(BlockType::Empty).local_get(old).return_().end();
        code.global_get(TOP).local_get(align).i32_add();
        code.i32_const(1).i32_sub();
        code.i32_const(0).local_get(align).i32_sub().i32_and();
        code.local_set(block).end();
        code.local_get(block).i64_extend_i32_u();
        code.local_get(size).i64_extend_i32_u().i64_add();
        code.local_tee(end).i64_const(HIGHEST).i64_gt_u();
        code.if_(BlockType::Empty).unreachable().end();
        grow(code, end);
        code.local_get(block).local_get(old).i32_ne();
        code.if_(BlockType::Empty);
        code.local_get(block).local_get(old).local_get(old_size);
        code.memory_copy(0, 0).end();
        code.local_get(end).i32_wrap_i64().global_set(TOP);
        code.local_get(block);
    })
}

/// Makes the memory reach to `end`, an i64.
pub fn grow(code: &mut InstructionSink<'_>, end: u32) {
    let size = |code: &mut InstructionSink<'_>| {
        code.memory_size(0).i64_extend_i32_u();
    };
    code.local_get(end);
    size(code);
    code.i64_const(16).i64_shl().i64_gt_u();
    code.if_(BlockType::Empty);
    code.local_get(end).i64_const(0xffff).i64_add();
    code.i64_const(16).i64_shr_u();
    size(code);
    code.i64_sub().i32_wrap_i64();
    code.memory_grow(0).i32_const(-1).i32_eq();
    code.if_(BlockType::Empty).unreachable().end();
    code.end();
}

/// Calls the host until it is done, for a function whose parameters are stored; returns A.
pub fn settle(assembly: &mut CoreModule, imported: &Imported) -> u32 {
    let (function, base, triples, count, first, end) = (0, 1, 2, 3, 4, 5);
    let give = (!imported.news.is_empty()).then(|| give(assembly, imported));
    let take = imported.resolved.map(|resolved| {
        (
            resolve(assembly, imported),
            resolved,
            release(assembly, imported),
        )
    });
    let look = look(assembly, imported.challenge, imported.locate);
    let mut locals = vec![ValType::I32; 4];
    locals.push(ValType::I64);
    assembly.define(&[ValType::I32], &[ValType::I32], &locals, |code| {
        round_up(code, base);
        code.local_get(base).i32_const(0).i32_lt_s(); // a longer string would be read as UTF-16
        code.if_(BlockType::Empty).unreachable().end();
        code.global_get(CALLS)
            .i32_const(1)
            .i32_add()
            .global_set(CALLS);
        code.global_get(SIGHT).i32_eqz();
        code.global_get(CALLS).i32_const(LOOK_AT).i32_eq();
        code.local_get(base).i32_const(LONG_FRAME).i32_ge_u();
        code.i32_or().i32_and();
        code.if_(BlockType::Empty).local_get(base).call(look).end();
        code.i32_const(0).local_get(function).i32_store(at(CALLED));
        code.i32_const(0).local_get(base).i32_store(at(CALLED + 4));
        is_seen(code);
        code.if_(BlockType::Empty);
        code.local_get(base).i32_const(HEADER).i32_add();
        code.i64_extend_i32_u().local_set(end);
        grow(code, end);
        code.i32_const(0).memory_size(0).i32_store(at(CALLED + 8));
        code.call(imported.enter);
        reply_is_there(code, base);
        code.else_();
        code.i32_const(0).local_get(base);
        code.i32_const(REPLY).call(imported.call).end();
        code.loop_(BlockType::Empty);
        check_reply(code, base);
        is_status(code, base, WAIT);
        code.if_(BlockType::Empty);
        part(code, base, C).local_set(first); // what `wait` returns may stand where the reply does
        part(code, base, A);
        part(code, base, B);
        code.i64_const(-1).i32_const(WAITED).call(imported.wait);
        code.local_get(base).global_set(TOP);
        code.local_get(first).i32_const(REPLY).call(imported.finish);
        code.br(1).end();
        is_status(code, base, LONG);
        code.if_(BlockType::Empty);
        code.local_get(base).i64_extend_i32_u();
        part(code, base, A).i64_extend_i32_u();
        code.i64_add().local_tee(end).i64_const(HIGHEST).i64_gt_u();
        code.if_(BlockType::Empty).unreachable().end();
        part(code, base, C).local_set(first);
        code.local_get(base).global_set(TOP);
        code.global_get(SIGHT).i32_eqz();
        code.if_(BlockType::Empty).local_get(base).call(look).end();
        is_seen(code);
        code.if_(BlockType::Empty);
        grow(code, end);
        code.local_get(base).call(imported.fill);
        reply_is_there(code, base);
        code.else_();
        code.local_get(first)
            .i32_const(REPLY)
            .call(imported.finish)
            .end();
        code.br(1).end();
        if let Some((resolve, resolved, _)) = take {
            is_status(code, base, RESOLVE);
            code.if_(BlockType::Empty);
            code.local_get(triples)
                .if_(BlockType::Empty)
                .unreachable()
                .end();
            part(code, base, B).local_tee(triples);
            part(code, base, C).local_tee(count).call(resolve);
            code.local_get(triples);
            code.local_get(count).i32_const(TRIPLE).i32_mul();
            code.i32_add().global_set(TOP);
            round_up(code, base);
            code.local_get(triples);
            code.local_get(count).i32_const(TRIPLE).i32_mul();
            code.i32_const(REPLY).call(resolved);
            code.br(1).end();
        }
        is_status(code, base, DONE);
        code.i32_eqz();
        code.if_(BlockType::Empty).unreachable().end();
        code.end();
        if let Some((_, _, release)) = take {
            code.local_get(triples).local_get(count).call(release);
        }
        if let Some(give) = give {
            part(code, base, B);
            part(code, base, C).call(give);
        }
        part(code, base, A);
    })
}

/// Has the host look for the memory, and sets SIGHT; the arena ends at the parameter again.
pub fn look(assembly: &mut CoreModule, challenge: u32, locate: u32) -> u32 {
    let (base, answer) = (0, 1);
    assembly.define(&[ValType::I32], &[], &[ValType::I64], |code| {
        code.i32_const(HIDDEN).global_set(SIGHT);
        code.i32_const(REPLY).call(challenge);
        code.local_get(base).global_set(TOP);
        code.i32_const(REPLY).i32_load(at(4));
        code.i32_const(CHALLENGE_SIZE).i32_ne();
        code.if_(BlockType::Empty).return_().end();
        code.i32_const(MAILBOX);
        code.i32_const(REPLY).i32_load(at(0));
        code.i32_const(CHALLENGE_SIZE).memory_copy(0, 0);
        let place = at((MAILBOX + CHALLENGE_SIZE) as u32);
        code.i32_const(0).i64_const(0).i64_store(place);
        code.i32_const(MAILBOX).call(locate).local_tee(answer);
        code.i64_const(0).i64_ne();
        code.i32_const(0).i64_load(place);
        code.local_get(answer).i64_eq().i32_and();
        code.if_(BlockType::Empty);
        code.i32_const(SEEN).global_set(SIGHT).end();
    })
}

pub fn is_seen(code: &mut InstructionSink<'_>) {
    code.global_get(SIGHT).i32_const(SEEN).i32_eq();
}

fn is_status(code: &mut InstructionSink<'_>, base: u32, status: i32) {
    part(code, base, STATUS).i32_const(status).i32_eq();
}

/// A part of the reply's header.
fn part<'a, 'b>(
    code: &'a mut InstructionSink<'b>,
    base: u32,
    offset: u32,
) -> &'a mut InstructionSink<'b> {
    code.local_get(base).i32_load(at(offset))
}

/// The host has written a reply to `base`, instead of giving it as a string.
fn reply_is_there(code: &mut InstructionSink<'_>, base: u32) {
    code.i32_const(REPLY).local_get(base).i32_store(at(0));
    code.i32_const(REPLY).i32_const(HEADER).i32_store(at(4));
}

/// Sets TOP, and `base`, to the next multiple of 8.
fn round_up(code: &mut InstructionSink<'_>, base: u32) {
    code.global_get(TOP).i32_const(7).i32_add();
    code.i32_const(-8).i32_and().local_tee(base).global_set(TOP);
}

/// Traps unless there is a reply at `base`; the length of one that is not latin1 is negative.
fn check_reply(code: &mut InstructionSink<'_>, base: u32) {
    let area = |code: &mut InstructionSink<'_>, offset| {
        code.i32_const(REPLY).i32_load(at(offset));
    };
    area(code, 0);
    code.local_get(base).i32_ne();
    area(code, 4);
    code.i32_const(HEADER).i32_lt_s().i32_or();
    code.if_(BlockType::Empty).unreachable().end();
}

/// Puts handles where there are fix-ups for them.
fn give(assembly: &mut CoreModule, imported: &Imported) -> u32 {
    let new = choose(assembly, &imported.news, &[ValType::I32]);
    let (fixup, address) = (0, 2);
    for_each(assembly, FIXUP, |code| {
        code.local_get(fixup).i32_load(at(0)).local_tee(address);
        code.local_get(fixup).i32_load(at(4));
        code.local_get(address).i32_load(at(0));
        code.call(new).i32_store(at(0));
    })
}

/// Puts into triples what the host knows their resources by.
fn resolve(assembly: &mut CoreModule, imported: &Imported) -> u32 {
    let rep = choose(assembly, &imported.reps, &[ValType::I32]);
    let triple = 0;
    for_each(assembly, TRIPLE, |code| {
        code.local_get(triple);
        code.local_get(triple)
            .i32_load(at(0))
            .local_get(triple)
            .i32_load(at(4));
        code.call(rep).i32_store(at(8));
    })
}

/// Drops the handles of triples.
fn release(assembly: &mut CoreModule, imported: &Imported) -> u32 {
    let drop = choose(assembly, &imported.drops, &[]);
    let triple = 0;
    for_each(assembly, TRIPLE, |code| {
        code.local_get(triple)
            .i32_load(at(0))
            .local_get(triple)
            .i32_load(at(4));
        code.call(drop);
    })
}

/// A function of an address and a count: `write` writes what is done with the address of each, which are `step` apart.
fn for_each(
    assembly: &mut CoreModule,
    step: i32,
    write: impl FnOnce(&mut InstructionSink<'_>),
) -> u32 {
    let (address, count) = (0, 1);
    assembly.define(&[ValType::I32; 2], &[], &[ValType::I32], |code| {
        code.block(BlockType::Empty).loop_(BlockType::Empty);
        code.local_get(count).i32_eqz().br_if(1);
        write(code);
        code.local_get(address)
            .i32_const(step)
            .i32_add()
            .local_set(address);
        code.local_get(count)
            .i32_const(1)
            .i32_sub()
            .local_set(count);
        code.br(0).end().end();
    })
}

/// A function of a resource and a value, which it passes to the function of that resource.
fn choose(assembly: &mut CoreModule, functions: &BTreeMap<usize, u32>, results: &[ValType]) -> u32 {
    let (resource, value) = (0, 1);
    assembly.define(&[ValType::I32; 2], results, &[], |code| {
        for (index, function) in functions {
            code.local_get(resource).i32_const(*index as i32).i32_eq();
            code.if_(BlockType::Empty);
            code.local_get(value).call(*function).return_().end();
        }
        code.unreachable();
    })
}
