"""What the tests share: programs, pages, messages of the wire, and waiting."""
