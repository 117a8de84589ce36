"""Needs what nobody has."""
import rabbit_helper_of_my_friend

rabbit_helper_of_my_friend.solve()
