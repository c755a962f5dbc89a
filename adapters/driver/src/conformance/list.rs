//! The cases, by name.

/// Hands a list of cases to a macro, behind what it is given itself.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_list {
    (everywhere $then:ident $($argument:tt)*) => {
        $crate::$then! { $($argument)*;
            answers {
                an_error_is_the_answer_and_reaches_the_hook
                arguments_of_another_type_are_refused_and_reach_the_hook
                an_ack_is_answered_elsewhere_and_later
                an_event_that_nobody_handles_is_never_answered
                one_socket_answers_or_is_too_late_or_gone
                a_wait_without_an_end_holds_up_no_other
                several_sockets_answer_all_or_some
                an_answer_is_encoded_once
            }
            backpressure {
                a_client_is_not_heard_until_it_reads
                who_waits_for_room_hears_of_the_end
                t1_a_reader_that_stops_costs_no_more_than_its_mailbox
                t2_a_client_that_does_not_read_cannot_send_without_end
                the_fullest_mailboxes_are_closed_first
                all_that_waits_stays_within_the_budget_of_the_server
            }
            bundle {
                each_file_is_served_as_it_is
                who_has_it_is_told_so
                it_is_compressed_as_the_client_likes
                nothing_else_is_served
            }
            children {
                a_child_ends_with_its_last_socket
                a_child_lives_while_one_is_refused_and_another_waits
                a_client_that_goes_before_a_middleware_takes_the_child_with_it
                a_child_waits_for_those_who_may_come_back
                one_that_the_application_asked_for_stays
                children_stay_where_they_are_told_to
                nothing_is_left_when_all_have_gone
                one_that_is_closed_disconnects_its_sockets_and_is_not_found
                handlers_may_close_their_own_namespace
                whoever_waits_for_a_middleware_is_refused_when_it_is_closed
                a_parent_that_is_closed_takes_its_children_with_it
                sockets_that_are_away_do_not_outlast_their_namespace
            }
            closing {
                sockets_end_and_clients_are_not_told_to_stay_away
                a_poll_that_waits_is_answered
                who_polls_comes_back_for_what_waits_while_nobody_else_is_let_in
                who_does_not_take_what_waits_is_cut_off
                an_engine_ends_as_well
            }
            ends {
                the_client_leaves_the_namespace
                the_server_disconnects_the_socket
                the_server_disconnects_the_client
                the_server_closes_the_connection
                the_client_goes_away
                the_client_says_nothing_that_makes_sense
                the_client_answers_no_ping
                the_connect_handler_disconnects_the_socket
                nothing_of_a_namespace_follows_the_client_out_of_it
                what_is_done_to_a_socket_that_is_gone_does_nothing
                one_namespace_ends_alone_and_a_connection_ends_them_all
            }
            engine {
                a_handler_sees_the_request_that_carried_a_message
                messages_wait_while_as_many_handlers_do_as_may
                a_client_is_not_heard_until_it_reads
                messages_that_wait_have_a_budget
                the_requests_of_messages_that_wait_are_counted
            }
            event_middlewares {
                they_are_asked_in_order_before_the_handler
                one_that_refuses_ends_it_and_the_client_may_know
                later_events_of_the_socket_wait_and_nothing_else
                order_is_kept_however_long_they_take
                what_waits_has_a_budget
                what_waits_goes_with_its_socket
                a_panic_refuses_the_event_and_disconnects_the_socket
            }
            faults {
                a_panic_disconnects_its_own_socket_and_no_other
                a_connect_handler_may_panic_before_it_is_a_future
                a_disconnect_handler_may_panic_before_it_is_a_future
                an_error_hook_may_panic
            }
            handlers {
                on_connect_has_run_before_the_first_event_though_it_awaits_later
                a_socket_is_connected_in_its_room_and_told_so_before_on_connect
                events_start_in_order_of_arrival
                a_pending_handler_outlives_its_connection
                a_namespace_that_was_left_can_be_joined_again
            }
            hooks {
                every_event_is_seen_before_its_handler
                what_is_sent_is_seen_once_for_each_whom_it_reaches
                what_is_dropped_is_not_seen
                a_hook_may_change_who_is_where_and_say_more
                what_nobody_handles_goes_to_the_fallback
                what_is_removed_is_called_no_more
            }
            hostile {
                s1_a_packet_of_no_type
                s2_an_event_that_is_none
                s3_an_event_without_a_payload
                s4_an_event_that_is_named_by_a_number
                s5_a_name_that_is_the_librarys
                s8_an_ack_id_that_is_none
                s9_an_event_where_the_client_is_not
                s10_a_second_connect
                s12_an_event_behind_a_disconnect
                s13_a_client_that_leaves_and_comes_again
                s15_a_namespace_that_there_is_not
                s16_a_namespace_without_a_slash
                s18_what_only_a_server_says
                s19_a_payload_that_does_not_fit
                s20_an_answer_to_nothing
                s22_more_namespaces_than_one_client_may_have
                s24_json_that_nests_too_deep
                s25_whatever_json_allows
                s26_a_crowd_of_empty_arrays
                b1_a_count_of_attachments_that_is_none
                b2_more_attachments_than_ten
                b3_a_count_with_an_exponent
                b5_a_placeholder_without_its_attachment
                b6_attachments_that_are_used_twice_or_never
                b7_a_placeholder_as_the_name
                b10_attachments_that_are_too_large_together
                b11_placeholders_in_a_plain_event
                b12_an_answer_in_parts_to_nothing
            }
            hostile_engine {
                e6_a_body_that_is_no_payload
                e7_a_packet_before_garbage
                e8_more_packets_than_a_payload_may_have
                e9_base64_that_is_none
                e10_a_body_that_is_not_utf8
                e11_a_ping_of_the_clients
                e13_packets_that_mean_nothing_here
                e14_a_frame_that_is_no_packet
                e15_a_message_that_is_too_long
                e16_frames_that_break_the_rules
                e17_text_that_is_not_utf8
                e20_an_upgrade_that_begins_wrongly
                e21_an_upgrade_without_a_probe
                e23_a_probe_and_then_silence
                e24_a_probe_that_breaks_off
                e26_an_upgrade_of_another_version
                e27_a_client_that_never_pongs
                e28_a_client_that_joins_nothing
                e29_a_client_that_compresses
                e30_a_session_id_from_elsewhere
            }
            http {
                h1_an_unknown_transport
                h2_another_version
                h3_a_handshake_that_is_no_get
                h4_another_method_for_a_session
                h5_a_websocket_without_an_upgrade
                h6_an_unknown_sid
                h7_an_empty_sid_is_none
                h8_a_client_that_is_not_wanted
                h13_a_head_that_is_too_large
                h14_a_head_with_too_many_headers_that_asks_for_a_websocket
                h16_a_request_that_hides_another
                h18_a_websocket_that_asks_wrongly
                h18_a_websocket_that_asks_with_a_body
                a_websocket_that_offers_protocols_is_answered_with_the_first
                h19_a_websocket_of_another_version
                h20_another_path
                a_server_at_the_root
                h22_a_client_that_is_gone_once_it_has_asked
                h23_a_body_that_is_announced_too_long
                h24_a_body_that_is_too_long
                h25_a_head_that_does_not_end
                h26_a_body_that_comes_too_slowly
                h27_a_connection_on_which_nothing_comes
                h29_a_body_that_is_compressed
                h30_a_body_of_bytes
                e1_a_second_poll
                e2_a_second_post
                e3_a_poll_that_the_client_gives_up
                e4_a_post_that_breaks_off
                requests_of_one_connection_are_answered_in_turn
                e25_polling_after_an_upgrade
            }
            limits {
                a_client_that_does_not_read_is_closed_and_others_notice_nothing
                a_volatile_packet_is_dropped_behind_another
                events_wait_while_many_handlers_do_but_answers_pass
                events_that_wait_have_a_budget
                a_client_that_sends_too_much_hears_so
                what_a_client_did_is_handled_before_its_end
                an_end_waits_for_events_as_long_as_for_a_pong
                sessions_have_a_number_and_one_more_is_to_come_later
                whoever_is_not_let_in_takes_no_place
                t3_rooms_of_a_socket_have_a_number_and_their_names_a_length
                t4_acks_that_a_socket_owes_have_a_number_and_a_time
                t5_nothing_is_left_of_clients_that_come_and_go
                t6_a_client_that_takes_nothing_is_given_up
            }
            middlewares {
                they_are_asked_in_order_and_leave_data
                the_first_that_refuses_ends_it
                a_middleware_that_panics_keeps_the_client_out
                rooms_joined_there_count_once_the_socket_is_connected
                one_who_is_not_connected_is_reached_by_nothing
                a_client_that_goes_meanwhile_is_heard_of_no_more
                a_second_connect_meanwhile_closes_the_connection
                other_namespaces_do_not_wait
                a_client_that_waits_too_long_is_closed
            }
            msgpack {
                clients_speak_and_are_spoken_to
                clients_are_turned_away_in_their_language
                polling_carries_base64
                a_lost_client_is_back_with_what_it_missed
                who_speaks_another_parser_is_closed
                what_waits_does_not_keep_the_message_it_came_in
            }
            operators {
                flags_and_addressees_are_told_in_any_order
                an_operator_is_a_value_that_never_changes
                a_flag_is_for_what_is_sent_with_it
                a_sender_is_left_out_in_its_own_room_and_out_of_it
                several_rooms_are_as_one_after_the_other
                no_rooms_are_nobody
                a_socket_is_put_into_all_rooms_or_none
                what_is_sent_to_many_is_encoded_once
                an_id_is_of_one_namespace_and_the_name_of_a_room_there
            }
            options {
                a_transport_that_is_off_is_unknown
                upgrades_that_are_off_are_neither_offered_nor_taken
                a_first_packet_follows_the_handshake_at_once
                a_cookie_goes_with_the_handshake_by_polling_only
                the_application_may_choose_ids_but_not_those_of_others
                refusals_are_told_of_without_secrets
                long_answers_are_compressed_as_the_client_likes
                short_answers_are_not_compressed_nor_those_of_a_server_that_does_not
                an_answer_is_compressed_if_one_of_its_packets_is_worth_it
            }
            origins {
                h9_a_page_of_another_origin_that_polls
                h10_a_page_of_another_origin_that_opens_a_websocket
                h12_a_preflight
                each_answer_says_what_a_page_may_read
            }
            parents {
                what_a_pattern_captured_is_for_handlers_to_read
                what_exists_is_before_parents_and_these_come_in_order
                a_predicate_decides_by_name_and_by_what_is_presented
                a_name_that_nobody_knows_leaves_nothing_behind
                a_predicate_that_panics_says_no
                a_predicate_that_waits_holds_up_nobody_else
                a_client_that_goes_meanwhile_leaves_no_child
                two_who_ask_at_once_are_in_one_child
                a_child_has_what_its_parent_had_when_it_was_made
                a_parent_reaches_each_socket_of_each_child_once
                new_namespaces_are_told_of_before_anybody_is_let_in
            }
            recovery {
                a_lost_client_is_back_with_what_it_missed
                a_client_that_read_nothing_yet_is_back_too
                a_client_that_is_back_before_it_was_missed_takes_its_place
                who_left_or_was_sent_away_does_not_come_back
                s23_a_claim_that_makes_no_sense_is_none
                who_is_away_for_too_long_is_told_of
                more_than_fits_a_mailbox_is_not_made_up_for
                data_comes_back_and_middlewares_are_asked_again
                middlewares_may_be_skipped
            }
            room_events {
                what_happens_is_told_in_its_order
                the_hook_may_look_and_change_and_panic
            }
            transcript {
                the_same_bytes_have_the_same_answer
            }
            utilities {
                a_socket_that_is_fetched_shows_what_it_is
                what_is_done_to_a_fetched_socket_is_done_to_it
                they_reach_whom_a_broadcast_does_and_each_once
                a_filter_may_be_what_is_joined_or_left
                each_connection_is_closed_once
            }
        }
    };
    (threads $then:ident $($argument:tt)*) => {
        $crate::$then! { $($argument)*;
            crowds {
                those_who_ask_at_once_are_in_one_child
                a_child_exists_as_long_as_somebody_is_there
            }
            order {
                members_agree_on_one_order_and_nothing_arrives_after_leave
            }
            threads {
                another_thread_disconnects_the_socket_while_it_connects
                everybody_ends_a_socket_at_once_and_it_ends_once
                a_late_farewell_is_not_for_the_socket_that_comes_next
                the_rooms_to_join_may_be_looked_up_while_joining
                what_happens_to_rooms_is_told_in_its_order_across_threads
                attachments_follow_their_packet_whoever_else_sends
                what_was_queued_is_written_before_serve_returns
            }
        }
    };
    (shutdown $then:ident $($argument:tt)*) => {
        $crate::$then! { $($argument)*;
            shutdown {
                a_runtime_that_ends_leaves_no_socket_behind
            }
        }
    };
}
