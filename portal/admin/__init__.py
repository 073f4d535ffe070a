"""What deployers and district administrators do: switch services on and off."""
