//! A guest whose exports are called one by one: values there and back, resources, and calls that end in some other way.

mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "depot" });
}

use bindings::Guest as World;
use bindings::exports::test::depot::goods::{Guest, GuestShelf, Item, Shelf, ShelfBorrow};
use bindings::test::depot::directory;
use std::cell::RefCell;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

struct Depot;

bindings::export!(Depot with_types_in bindings);

static ALIVE: AtomicU32 = AtomicU32::new(0);

struct Shelved {
    label: String,
    items: RefCell<Vec<Item>>,
}

impl Shelved {
    fn labelled(label: String) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Self {
            label,
            items: RefCell::default(),
        }
    }
}

impl Drop for Shelved {
    fn drop(&mut self) {
        assert!(self.label != "unbreakable", "it cannot be dropped");
        ALIVE.fetch_sub(1, Ordering::Relaxed);
    }
}

impl GuestShelf for Shelved {
    fn new(label: String) -> Self {
        Self::labelled(label)
    }

    fn label(&self) -> String {
        self.label.clone()
    }

    fn add(&self, item: Item) -> u32 {
        let mut items = self.items.borrow_mut();
        items.push(item);
        items.len() as u32
    }

    fn take(&self) -> Result<Item, String> {
        let taken = self.items.borrow_mut().pop();
        taken.ok_or_else(|| format!("`{}` is empty", self.label))
    }

    fn merge(into: Shelf, other: ShelfBorrow<'_>) -> Shelf {
        let other: &Shelved = other.get();
        let shelf: &Shelved = into.get();
        shelf.items.borrow_mut().append(&mut other.items.borrow_mut());
        into
    }
}

impl World for Depot {
    fn greet(name: String) -> String {
        format!("hello, {name}")
    }
}

impl Guest for Depot {
    type Shelf = Shelved;

    fn echo(text: String) -> String {
        text
    }

    fn reversed(mut data: Vec<u8>) -> Vec<u8> {
        data.reverse();
        data
    }

    fn sorted(mut items: Vec<Item>) -> Vec<Item> {
        items.sort_by(|one, other| one.name.cmp(&other.name));
        items
    }

    fn divide(a: i32, b: i32) -> Result<i32, String> {
        a.checked_div(b).ok_or_else(|| format!("{a} by {b}"))
    }

    fn check(number: u8) -> Result<(), String> {
        if number == 7 {
            Ok(())
        } else {
            Err("no luck".to_owned())
        }
    }

    fn labels(shelves: Vec<ShelfBorrow<'_>>) -> Vec<String> {
        let labels = shelves.iter().map(|shelf| shelf.get::<Shelved>().label());
        labels.collect()
    }

    fn shelves(count: u32) -> Vec<(u32, Shelf)> {
        let made = (0..count).map(|n| (n, Shelf::new(Shelved::labelled(n.to_string()))));
        made.collect()
    }

    fn pick(
        lent: Option<ShelfBorrow<'_>>,
        given: Result<Shelf, String>,
    ) -> Result<Option<Shelf>, String> {
        match (lent, given) {
            (Some(lent), Ok(given)) => {
                let (lent, shelf): (&Shelved, &Shelved) = (lent.get(), given.get());
                shelf.items.borrow_mut().append(&mut lent.items.borrow_mut());
                Ok(Some(given))
            }
            (None, Ok(_)) => Ok(None),
            (_, Err(text)) => Err(text),
        }
    }

    fn scrap(shelves: Vec<Shelf>) -> u32 {
        shelves.len() as u32
    }

    fn alive() -> u32 {
        ALIVE.load(Ordering::Relaxed)
    }

    fn panic() {
        panic!("as asked");
    }

    fn print(text: String) {
        print!("{text}");
        std::io::stdout().flush().unwrap();
    }

    fn spin() {
        loop {
            std::hint::spin_loop();
        }
    }

    fn sleep(ms: u64) -> u64 {
        let began = Instant::now();
        std::thread::sleep(Duration::from_millis(ms));
        began.elapsed().as_millis() as u64
    }

    fn ask(id: u32) -> String {
        directory::find(id)
    }
}
