"""The scripts of the chapter: python -m lapinmq.examples.NAME"""
