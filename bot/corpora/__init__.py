"""From what people gave to a corpus: conversations, without what tells who said them."""
