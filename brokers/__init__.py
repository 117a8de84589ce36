"""The ways to get a RabbitMQ for the lessons, the demo and the tests."""
