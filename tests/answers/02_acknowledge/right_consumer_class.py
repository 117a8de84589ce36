from exercises.work import work
from rabbit import Consumer


class Jobs(Consumer):
    def work(self, message):
        work(message)


Jobs('jobs', 'jobs').start()
