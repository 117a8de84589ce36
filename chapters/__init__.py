"""The README's chapters as a program: read once, then played by the demo and by the tests."""
