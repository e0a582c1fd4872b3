"""Reading what strangers wrote, in processes of its own: nobody's answer waits for another's text."""
