"""Is no Python."""
def main(:
    publish "hello"
