"""A work flow of two stages in two threads: ToUpper reads my_queue and fills upper, Printer prints upper."""

from sqs_pipes.stage import Stage, launch, say


class ToUpper(Stage):
    task, kind = "upper", "worker"

    def work(self, message):
        return message.upper()


class Printer(Stage):
    task, kind = "printer", "consumer"

    def work(self, message):
        say(message)


launch(Printer("Printer"), ToUpper("ToUpper", group=lambda message: "line"))
