"""sqs_pipes beside PyPI's sqspipes and plain boto3: python -m benchmarks.sqs."""
