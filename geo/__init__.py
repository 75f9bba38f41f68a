"""CareReach's library: who near me does this procedure, how sure are we, who is left out.

Small functions over frames. Nothing here imports Streamlit, keeps global state, or reads
today's date; see the README for the layers.
"""
