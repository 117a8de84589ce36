"""The examples of the chapter: python -m sqs_pipes.examples.NAME"""

import sqs_pipes.one_line  # an error of SQS is one line, without a traceback
