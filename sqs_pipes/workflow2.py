"""The work flow scaled out: ToUpper takes 1 s a word, Printer 2 s, so two Printers share the queue upper."""

import time

from sqs_pipes.stage import Stage, launch, say


class ToUpper(Stage):
    task, kind = "upper", "worker"

    def work(self, message):
        say(self.name + ": " + message)
        time.sleep(1)
        return message.upper()


class Printer(Stage):
    task, kind = "printer", "consumer"

    def work(self, message):
        time.sleep(2)
        say(self.name + ": " + message)


launch(
    Printer("P1"),
    Printer("P2"),
    ToUpper("T1"),
)
