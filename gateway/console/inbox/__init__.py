"""待办: what waits for the person who looks, and the notices that reached them."""
