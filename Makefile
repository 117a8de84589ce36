# `make` alone lists what there is. On Windows, or without make, the README gives the commands behind each line.
PYTHON ?= python3
RUN = .venv/bin/python

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

demo: environment ## play the chapters on a RabbitMQ and an SQS of their own
	@$(RUN) -m chapters

test: environment ## run the everyday tests on a RabbitMQ of their own (3 minutes)
	@$(RUN) -m pytest -q

test-all: environment ## run every test (12 minutes)
	@$(RUN) -m pytest -q -m ""

coverage: environment ## run the everyday tests and show how much of the code they run
	@$(RUN) -m pytest -q --cov

broker: environment ## start a RabbitMQ for the lessons, on localhost:5672
	@$(RUN) broker.py start

stop: environment ## end what `make broker` started
	@$(RUN) broker.py stop

status: environment ## show the queues
	@$(RUN) broker.py status

check: environment ## check your exercises, up to the first not solved (N=02: that one)
	@$(RUN) check.py $(N) || [ $$? -eq 1 ]

grade: environment ## mark the submissions in the folder S: make grade S=submissions
	@$(RUN) grade.py $(S) --out grades

bench: environment ## measure lapinmq and sqs_pipes beside their peers (30 minutes; QUICK=1 for two)
	@$(RUN) -m benchmarks $(if $(QUICK),--quick)
	@$(RUN) -m benchmarks.sqs $(if $(QUICK),--quick)

pictures: environment ## play the lessons, and draw docs/images from what happened (ONLY=consumer1: that one)
	@$(RUN) -m pictures $(ONLY)

lint: environment ## check style and types
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy

lock: ## resolve requirements.lock again from pyproject.toml, with hashes (needs uv)
	uv pip compile --universal --python-version 3.10 --group tutorial --group dev pyproject.toml --no-header --no-emit-index-url --generate-hashes --upgrade -o requirements.lock

environment:
	@$(PYTHON) environment.py

.PHONY: help demo test test-all coverage broker stop status check grade bench pictures lint lock environment
