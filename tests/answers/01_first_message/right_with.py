import sys

from rabbit import MessageQueue


def main():
    with MessageQueue('greetings') as greetings:
        for i in range(1, len(sys.argv)):
            greetings.publish(sys.argv[i])
            print('sent', sys.argv[i])


if __name__ == '__main__':
    main()
